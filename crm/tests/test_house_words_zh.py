"""Chinese, the product's first language, is complete and clean: the catalogue against the code, and what pages really show."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.utils import translation
from django.utils.translation.reloader import translation_file_changed
from django.utils.translation.template import templatize

from crm.operations.first_steps import compile_messages
from crm.tests.house import HOUSE, ROOT, name_of, sources, templates, tree
from crm.tests.personas import Bank, browser
from crm.tests.route_table import ROUTES

Key = tuple[str, str]
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
# name of the function -> places of context, text and plural among its arguments
MARKS: dict[str, tuple[int | None, int, int | None]] = {
    "_": (None, 0, None),
    **dict.fromkeys(("gettext", "gettext_lazy", "gettext_noop"), (None, 0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (None, 0, 1)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1, None)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (0, 1, 2)),
}
PLACES = re.compile(r"%\(\w+\)[a-z0-9]*|%\d*[sd]|\{\w*\}")
SENTENCE = re.compile(r"[A-Za-z]{3,} [a-z]{2,}")
HAN = "\u3400-\u9fff"
# What a bank's Chinese does not do -> why
UNLIKELY = {
    "[!！]": "facts, not exclamation marks",
    "你": "people are addressed as 您",
    f"[{HAN}][,;:?]|[,;:?][{HAN}]": "punctuation between Chinese words is full-width",
    f"[{HAN}][.](?![a-z])": "a Chinese sentence ends with 。",
    "关系经理|可疑预警|360页面|预期收益": "the glossary has another word (docs/glossary.md)",
}
# Texts that are the same in both languages, and names that stay as they are.
SAME = {"English", "API", "ATM", "POS", "CNY", "USD", "Excel", "SHA-256", "CRM", "CSV", "PDF"}


def _messages(node: ast.AST) -> Iterator[tuple[Key, str]]:
    """((context, text), text with the places) of every marked text below a node."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name not in MARKS:
            continue
        given = [arg.value if isinstance(arg, ast.Constant) and isinstance(arg.value, str) else None for arg in call.args]
        context, text, plural = MARKS[name]
        if len(given) > text and given[text]:
            said = "" if context is None else given[context] or ""
            whole = given[plural] if plural is not None else given[text]
            yield (said, given[text] or ""), whole or ""


def _calls(code: str) -> Iterator[ast.AST]:
    """The marks in a template, which Django first turns into something close to Python."""
    for found in re.finditer(r"\b(?:_|gettext|ngettext|pgettext|npgettext)\(", code):
        for end in re.finditer(r"\)", code[found.end() :]):
            try:
                yield ast.parse(code[found.start() : found.end() + end.end()])
            except SyntaxError:
                continue
            break


@cache
def texts() -> dict[Key, tuple[str, str]]:
    """(context, text) -> (text with the places, first file) of everything the product says."""
    found: dict[Key, tuple[str, str]] = {}
    for path in sources(outside=True):
        for key, whole in _messages(tree(path)):
            found.setdefault(key, (whole, name_of(path)))
    plain = [path for top in ("templates", *HOUSE) for path in (ROOT / top).rglob("templates/**/*.txt" if top in HOUSE else "*.txt")]
    for path in (*templates(), *plain):
        for call in _calls(templatize(path.read_text(), origin=name_of(path))):
            for key, whole in _messages(call):
                found.setdefault(key, (whole, name_of(path)))
    return found


@cache
def catalogue() -> Catalog:
    """The Chinese catalogue."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def _translations() -> Iterator[tuple[Key, str, str]]:
    """((context, text), text with the places, Chinese)."""
    for message in catalogue():
        if message.id:
            ids = message.id if isinstance(message.id, list | tuple) else [message.id]
            said = message.string if isinstance(message.string, str) else (message.string or [""])[0]
            yield (message.context or "", ids[0]), ids[-1], said


def test_every_text_has_its_chinese() -> None:
    """R-independent house rule: what the code says is in the catalogue, translated and not fuzzy; `make messages` collects."""
    known = {key for key, _whole, said in _translations() if said}
    missing = [
        f"{path}: {context and f'<{context}> '}{text}" for (context, text), (_, path) in texts().items() if (context, text) not in known
    ]
    assert missing == []
    assert [message.id for message in catalogue() if message.id and message.fuzzy] == []


def test_places_are_the_same() -> None:
    """A place that is missing in the Chinese loses a figure; one too many breaks the page."""
    wrong = [(key, said) for key, whole, said in _translations() if said and set(PLACES.findall(whole)) != set(PLACES.findall(said))]
    assert wrong == []


@pytest.mark.parametrize(("pattern", "reason"), UNLIKELY.items(), ids=["marks", "address", "punctuation", "full-stop", "glossary"])
def test_chinese_reads_like_a_bank(pattern: str, reason: str) -> None:
    found = [(key[1], said) for key, _whole, said in _translations() if re.search(pattern, said)]
    assert found == [], reason


def test_no_english_left_in_the_chinese() -> None:
    """A translation that repeats the English is either a code or a forgotten text."""
    same = {key[1] for key, _whole, said in _translations() if said == key[1]}
    assert same - SAME == set()


def test_marks_keep_their_names() -> None:
    """`make messages` knows the functions by name: `gettext as _now` would hide its texts from it."""
    hidden = [
        f"{name_of(path)}: {alias.name} as {alias.asname}"
        for path in sources(outside=True)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.asname not in (None, "_") and alias.name in MARKS
    ]
    assert hidden == []


class _Visible(HTMLParser):
    """Collects what a person reads: text outside scripts and codes, and the attributes that are shown or spoken."""

    SPOKEN = ("title", "aria-label", "placeholder", "data-label", "alt")
    SILENT = ("script", "style", "code", "pre")
    ALONE = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.around: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.said += [said for name in self.SPOKEN if (said := given.get(name))]
        if tag not in self.ALONE:
            self.around.append(tag in self.SILENT or "mono" in (given.get("class") or "").split())

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.ALONE and self.around:
            self.around.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.around):
            self.said.append(data)


@pytest.fixture
def chinese() -> Iterator[None]:
    """The catalogue compiled as `make run` does it, and read anew."""
    compile_messages()
    translation_file_changed(sender=None, file_path=CATALOGUE.with_suffix(".mo"))
    yield
    translation.deactivate()


def _english(body: str, left: set[str]) -> list[str]:
    """What is left in English on a page: texts of the catalogue, and runs of words without a Chinese character."""
    parser = _Visible()
    parser.feed(body)
    said = {" ".join(text.split()) for text in parser.said}
    return sorted(text for text in said if text in left or (SENTENCE.search(text) and not re.search(f"[{HAN}]", text)))


PAGES = {path: gate for path, gate in ROUTES.items() if isinstance(gate, str) and not re.search(r"[<^]|^api/|^admin/", path)}


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["80001", "81001", "82001", "82002", "84001", "84101", "85001", "86001", "87001", "88001"])
def test_pages_show_no_english(bank: Bank, chinese: None, number: str) -> None:
    """Every page without parameters that this person can open, in Chinese: no text of the English catalogue is left."""
    left = {key[1] for key, _whole, said in _translations() if said != key[1] and not PLACES.search(key[1]) and not key[1].isupper()}
    person = bank.people[number]
    client, found = browser(person), {}
    for path, gate in PAGES.items():
        if "." in gate and not person.reach(gate):
            continue
        answer = client.get(f"/{path}", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
        if answer.status_code != 200 or answer.streaming or not answer.headers["Content-Type"].startswith("text/html"):
            continue
        if english := _english(answer.content.decode(), left):
            found[path] = english
    assert found == {}
