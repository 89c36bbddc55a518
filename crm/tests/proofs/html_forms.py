"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

NOT_SENT = ("submit", "button", "image", "reset")


@dataclass
class Form:
    """Where it goes, and what it would send untouched."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    writable: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, frozenset[str]]:
        """The same for the same form on two pages."""
        return self.method + " " + urlsplit(self.action).path, frozenset(self.values)


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.forms, self.outside = page, {}, []  # type: ignore[var-annotated]
        self.ordered: list[Form] = []
        self.open: Form | None = None
        self.select = self.textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = Form(urljoin(self.page, said.get("action") or self.page), (said.get("method") or "get").upper())
            self.ordered.append(self.open)
            self.forms[said.get("id", "")] = self.open
            return
        form = self.forms.get(said["form"]) if "form" in said else self.open
        if form is None:
            return
        if tag == "option" and self.select:
            form.options.setdefault(self.select, []).append(said.get("value", ""))
            if "selected" in said or not form.values.get(self.select):
                form.values[self.select] = said.get("value", "")
        elif said.get("name"):
            self._control(tag, said, form)

    def _control(self, tag: str, said: dict[str, str], form: Form) -> None:
        name, kind = said["name"], said.get("type", "text")
        form.kinds[name] = kind
        if tag == "select":
            self.select = name
            form.values.setdefault(name, "")
            form.writable.add(name)
        elif tag == "button":
            form.values.setdefault(name, said.get("value", ""))
        elif tag == "textarea":
            form.values[name] = ""
            form.writable.add(name)
        elif tag == "input" and kind == "file":
            form.files.add(name)
        elif tag == "input" and kind not in NOT_SENT:
            if kind not in ("checkbox", "radio") or "checked" in said or name not in form.values:
                form.values[name] = said.get("value", "on" if kind == "checkbox" else "")
            if name != "csrfmiddlewaretoken":
                form.writable.add(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.select = ""


def forms_of(page: str, html: str) -> list[Form]:
    """Return the forms of a page that lead to this product."""
    reader = _Reader(page)
    reader.feed(html)
    return [form for form in reader.ordered if not urlsplit(form.action).netloc]
