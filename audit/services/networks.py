"""Where addresses are: the bank's own table of networks. Without one nothing is known, and the pages say so."""

import csv
import ipaddress
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.definitions.sliding import Place
from audit.models import Network
from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.log import services as log

COLUMNS = ("network", "place", "latitude", "longitude")


class BadNetworks(DomainError):
    """The file is not a table of networks; the message names the row."""

    code = "bad_networks"
    message = _("The file needs the columns network, place, latitude and longitude.")


def place_of(address: str) -> Place | None:
    """Place, latitude and longitude of an address; None where no table is loaded or no range holds it."""
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        return None
    row = Network.objects.filter(first__lte=str(wanted), last__gte=str(wanted)).order_by("-first").first()
    return (row.place, row.latitude, row.longitude) if row else None


@transaction.atomic
def load_networks(*, actor: Actor, path: Path) -> int:
    """Put the file's networks in the place of the former ones; how many. Raises ``BadNetworks``, ``OSError``."""
    rows = []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if set(COLUMNS) - set(reader.fieldnames or ()):
            raise BadNetworks
        for number, row in enumerate(reader, start=2):
            rows.append(_row(number, row))
    Network.objects.all().delete()
    Network.objects.bulk_create(rows, batch_size=5000)
    log.record(actor=actor, action="networks.loaded", data={"rows": len(rows), "file": path.name})
    return len(rows)


def _row(number: int, row: dict[str, str]) -> Network:
    try:
        network = ipaddress.ip_network(row["network"].strip(), strict=False)
        latitude, longitude = float(row["latitude"]), float(row["longitude"])
    except (ValueError, TypeError, AttributeError):
        raise BadNetworks(_("Row %(row)s is not a network with a place and two degrees.") % {"row": number}) from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180 and row["place"].strip()):
        raise BadNetworks(_("Row %(row)s is not a network with a place and two degrees.") % {"row": number})
    return Network(first=str(network[0]), last=str(network[-1]), place=row["place"].strip()[:100], latitude=latitude, longitude=longitude)
