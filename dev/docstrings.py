"""Reading what the docstrings of the package say, and finding what they leave out."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any, Final, cast

import griffe

PACKAGE: Final = "airflow_provider_kling"
ROOT: Final = Path(__file__).parents[1]

# The docstring of a twin, such as that of an asynchronous method, names the one that has the details.
_TWIN = re.compile(r"see :(?:func|meth):`~?([\w.]+)`")
_RETURNS = re.compile(r"(Return|Tell|Yield)s?\b")
_PLAIN = (str, int, float, bool)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of a signature.

    :ivar default: as source text; None where an argument is required.
    :ivar meaning: what the docstring says; empty where it says nothing.
    :ivar templated: an operator renders it as a template.
    """

    name: str
    annotation: str
    prefix: str = ""
    keyword_only: bool = False
    default: str | None = None
    meaning: str = ""
    templated: bool = False


@dataclass(frozen=True, kw_only=True)
class Documented:
    """A public object with its docstring.

    :ivar path: the dotted path by which users import it, or that of a member below its class.
    :ivar text: the docstring without its fields.
    :ivar attributes: the variables of a class, as names or ``name: type``, and their meaning.
    :ivar raised: the errors that the docstring names, and when.
    """

    path: str
    source: griffe.Object
    text: str = ""
    parameters: tuple[Parameter, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    returns: str = ""
    raised: tuple[tuple[str, str], ...] = ()
    described: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @cached_property
    def result(self) -> str:
        """Return the annotation of what a function returns or a property is."""
        source = self.source
        if isinstance(source, griffe.Function):
            return str(source.returns or "")
        return str(source.annotation or "") if isinstance(source, griffe.Attribute) else ""

    @property
    def is_async(self) -> bool:
        return "async" in self.source.labels

    @property
    def is_property(self) -> bool:
        return "property" in self.source.labels

    @property
    def is_class(self) -> bool:
        return isinstance(self.source, griffe.Class)

    @property
    def twin(self) -> str:
        """Return the name of the function that has the details; empty where there is none."""
        found = _TWIN.search(self.text)
        return found[1] if found else ""


@cache
def _package() -> griffe.Module:
    loader = griffe.GriffeLoader(search_paths=[str(ROOT)])
    package = loader.load(PACKAGE)
    loader.resolve_aliases(implicit=False, external=False)
    return cast("griffe.Module", package)


def read(path: str) -> Documented:
    """Return an object by its dotted path."""
    source = _source(path)
    text, returns = "", ""
    meanings: dict[str, str] = {}
    attributes: dict[str, str] = {}
    raised: list[tuple[str, str]] = []
    for docstring in _docstrings(source):
        is_own = docstring is source.docstring
        says_returns, says_raises = bool(returns), bool(raised)
        for section in docstring.parse(griffe.Parser.sphinx, warnings=False):
            if isinstance(section, griffe.DocstringSectionParameters):
                for one in section.value:
                    meanings.setdefault(one.name, _flat(one.description))
            elif isinstance(section, griffe.DocstringSectionAttributes):
                attributes.update((one.name, _flat(one.description)) for one in section.value)
            elif isinstance(section, griffe.DocstringSectionReturns) and not says_returns:
                returns = _flat(section.value[0].description)
            elif isinstance(section, griffe.DocstringSectionRaises) and not says_raises:
                raised += [(str(one.annotation), _flat(one.description)) for one in section.value]
            elif isinstance(section, griffe.DocstringSectionText) and is_own:
                text = section.value
    if isinstance(source, griffe.Class):
        attributes.update(_variables(source))
    parameters = tuple(_parameters(source, meanings))
    return Documented(
        path=path,
        source=source,
        text=text,
        parameters=parameters,
        attributes=tuple(attributes.items()),
        returns=returns,
        raised=tuple(raised),
        described=frozenset(meanings),
    )


def members(documented: Documented) -> Iterator[Documented]:
    """Yield the public methods and properties of a class, those of its bases in the package included."""
    if not isinstance(documented.source, griffe.Class):
        return
    seen: set[str] = set()
    for owner in (documented.source, *_bases(documented.source)):
        for name, member in owner.members.items():
            target = member.final_target if isinstance(member, griffe.Alias) else member
            is_method = isinstance(target, griffe.Function) or "property" in target.labels
            if is_method and not name.startswith("_") and name not in seen:
                seen.add(name)
                yield read(f"{documented.path}.{name}")


def gaps(documented: Documented, *, returns: bool = True) -> Iterator[str]:
    """Yield what a docstring lacks, or says of what does not exist.

    :param returns: what is returned has to be said, too.
    """
    path, source = documented.path, documented.source
    if not documented.text.strip():
        yield f"{path}: has no docstring"
        return
    if documented.twin:
        twin = read(f"{path.rpartition('.')[0]}.{documented.twin.rpartition('.')[2]}")
        known = {one.name for one in twin.parameters if one.meaning}
        lacking = [one.name for one in documented.parameters if not one.meaning and one.name not in known]
    else:
        lacking = [one.name for one in documented.parameters if not one.meaning]
        if isinstance(source, griffe.Function):
            undocumented = _raises(source) - {name.rpartition(".")[2] for name, _ in documented.raised}
            yield from (f"{path}: does not say that it raises {name}" for name in sorted(undocumented))
            if returns and documented.result not in ("", "None") and not _says_returns(documented):
                yield f"{path}: does not say what it returns"
    lacking += [name for name, meaning in documented.attributes if not meaning]
    yield from (f"{path}: does not say what {name} is" for name in lacking)
    stray = documented.described - {one.name for one in documented.parameters}
    yield from (f"{path}: speaks of a parameter {name}, which does not exist" for name in sorted(stray))


def runtime(path: str) -> Any:
    """Import the object."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return getattr(runtime(module), name)


def _source(path: str) -> griffe.Object:
    names = path.removeprefix(f"{PACKAGE}.").split(".")
    found: griffe.Object = _package()
    for name in names:
        candidates = (found, *_bases(found)) if isinstance(found, griffe.Class) else (found,)
        member = next(one.members[name] for one in candidates if name in one.members)
        found = member.final_target if isinstance(member, griffe.Alias) else member
    return found


def _bases(source: griffe.Class) -> list[griffe.Class]:
    """Return the bases that are the package's own, the nearest first."""
    return source.mro()


def _docstrings(source: griffe.Object) -> Iterator[griffe.Docstring]:
    """Yield a docstring, and those of the classes whose parameters are passed on to them."""
    if source.docstring is not None:
        yield source.docstring
    if isinstance(source, griffe.Class) and _passes_on(source):
        yield from (base.docstring for base in _bases(source) if base.docstring is not None)


def _passes_on(source: griffe.Class) -> bool:
    """Tell whether a constructor hands unknown arguments to the next class, or is the next class's own."""
    constructor = source.members.get("__init__")
    if not isinstance(constructor, griffe.Function):
        return True
    return any(_is_passed_on(one.name) for one in constructor.parameters)


def _is_passed_on(name: str) -> bool:
    return name == "kwargs"


def _parameters(source: griffe.Object, meanings: dict[str, str]) -> Iterator[Parameter]:
    if isinstance(source, griffe.Function):
        if "property" not in source.labels:
            yield from _of_function(source, meanings, values=_defaults(source))
        return
    if not isinstance(source, griffe.Class) or _is_declaration(source):
        return
    found: dict[str, Parameter] = {}
    rest: list[Parameter] = []
    for owner in (source, *_bases(source)):
        constructor = owner.members.get("__init__")
        if not isinstance(constructor, griffe.Function):
            continue
        rest = []
        for one in _of_function(constructor, meanings, values=_defaults(constructor)):
            if _is_passed_on(one.name):
                rest = [one]
            else:
                found.setdefault(one.name, one)
        if not rest:
            break
    templated = set(getattr(runtime(source.path), "template_fields", ()))
    for one in (*found.values(), *rest):
        is_templated = bool({one.name, f"{one.name}_uri"} & templated)
        yield Parameter(**{**vars(one), "templated": is_templated})


def _of_function(
    source: griffe.Function, meanings: dict[str, str], *, values: dict[str, str]
) -> Iterator[Parameter]:
    kinds = griffe.ParameterKind
    prefixes = {kinds.var_positional: "*", kinds.var_keyword: "**"}
    for one in source.parameters:
        if one.name in ("self", "cls") or one.name.startswith("_"):
            continue
        default = None if one.default is None or one.kind in prefixes else literal(str(one.default))
        yield Parameter(
            name=one.name,
            annotation=str(one.annotation or ""),
            prefix=prefixes.get(one.kind, ""),
            keyword_only=one.kind is kinds.keyword_only,
            default=default if default is None else values.get(one.name, default),
            meaning=meanings.get(one.name, ""),
        )


def _defaults(source: griffe.Function) -> dict[str, str]:
    """Return the defaults that are values where the source has the name of a constant."""
    named = [one.name for one in source.parameters if isinstance(one.default, griffe.Expr)]
    if not named:
        return {}
    signature = inspect.signature(runtime(source.path))
    values = {name: signature.parameters[name].default for name in named}
    return {name: literal(repr(value)) for name, value in values.items() if type(value) in _PLAIN}


def literal(source: str) -> str:
    """Return the source text of a value as one would write it."""
    return "{}" if source == "dict()" else re.sub(r"^'([^'\"]*)'$", r'"\1"', source)


def _is_declaration(source: griffe.Class) -> bool:
    """Tell whether a class is not called: an enumeration, a protocol or a typed dict."""
    names = {str(base).partition("[")[0] for owner in (source, *_bases(source)) for base in owner.bases}
    return bool(names & {"StrEnum", "Enum", "Protocol", "TypedDict", "BaseModel"})


def _variables(source: griffe.Class) -> Iterator[tuple[str, str]]:
    """Yield the fields of a declaration with their docstrings, and the documented variables of a class."""
    is_typed_dict = any(str(base) == "TypedDict" for base in source.bases)
    for name, member in source.members.items():
        if not isinstance(member, griffe.Attribute) or name.startswith("_") or "property" in member.labels:
            continue
        meaning = _flat(member.docstring.value if member.docstring else "")
        if is_typed_dict:
            yield f"{name}: {member.annotation}", meaning
        elif meaning:
            yield name, meaning


def _says_returns(documented: Documented) -> bool:
    return bool(documented.returns or documented.is_property or _RETURNS.match(documented.text))


def _raises(source: griffe.Function) -> set[str]:
    """Return the classes of the errors that the body raises by their names."""
    tree = ast.parse(dedent(source.source))
    raised = (one.exc for one in ast.walk(tree) if isinstance(one, ast.Raise))
    called = (one.func for one in raised if isinstance(one, ast.Call))
    return {one.id for one in called if isinstance(one, ast.Name) and one.id[0].isupper()}


def _flat(text: str) -> str:
    return " ".join(text.split())
