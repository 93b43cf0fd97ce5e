"""Which attributes of a resource an answer contains (``attributes`` and ``excludedAttributes``)."""

from collections.abc import Iterable
from typing import NamedTuple

from walkme_tui.simulator.population import ENTERPRISE, Record
from walkme_tui.simulator.scim.paths import key_of, read_path

_ALWAYS = frozenset({"id", "schemas"})


class Projection(NamedTuple):
    """Attributes to contain (None: all of them), and attributes to leave out."""

    included: tuple[str, ...] | None
    excluded: tuple[str, ...]

    @classmethod
    def of(cls, included: str | None, excluded: str | None) -> "Projection":
        """The projection of two query parameters with names joined by commas."""
        return cls(None if not included else _names(included), _names(excluded or ""))

    def has(self, attribute: str) -> bool:
        """Whether an attribute is contained, or a part of it."""
        included = self.included is None or any(read_path(name).attribute == attribute for name in self.included)
        return included and attribute not in self.excluded

    def of_resource(self, resource: Record) -> Record:
        """The resource with these attributes."""
        if self.included is not None:
            made: Record = {name: resource[name] for name in _ALWAYS if name in resource}
            for name in self.included:
                _copy(resource, made, name)
            return made
        for name in self.excluded:
            _remove(resource, name)
        return resource


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _steps(name: str) -> Iterable[str]:
    path = read_path(name)
    return [step for step in (path.extension, path.attribute, path.sub) if step]


def _copy(source: Record, target: Record, name: str) -> None:
    *outer, last = _steps(name)
    for step in outer:
        key = key_of(source, step)
        inside = source.get(key)
        if isinstance(inside, list):
            # A part of each element: the elements are sent whole, which the RFC permits.
            target[key] = inside
            return
        if not isinstance(inside, dict):
            return
        source = inside
        made = target.setdefault(key, {})
        assert isinstance(made, dict)  # noqa: S101 - made here, from an object
        target = made
    key = key_of(source, last)
    if key in source:
        target[key] = source[key]


def _remove(resource: Record, name: str) -> None:
    *outer, last = _steps(name)
    if not outer and last in _ALWAYS:
        return
    targets = [resource]
    for step in outer:
        inside = [target.get(key_of(target, step)) for target in targets]
        targets = [
            each for one in inside for each in (one if isinstance(one, list) else [one]) if isinstance(each, dict)
        ]
    for target in targets:
        target.pop(key_of(target, last), None)
        if target is resource and last == ENTERPRISE:
            resource["schemas"] = [schema for schema in list(resource["schemas"]) if schema != ENTERPRISE]  # type: ignore[arg-type]
