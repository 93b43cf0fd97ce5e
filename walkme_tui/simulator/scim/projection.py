"""Which attributes of a resource an answer contains (``attributes`` and ``excludedAttributes``)."""

from typing import Final, NamedTuple

from walkme_tui.domain.users import Json
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.scim.paths import Path, key_of, read_path

_ALWAYS: Final = ("schemas", "id")


class Projection(NamedTuple):
    """Attributes to contain (None: all of them), and attributes to leave out."""

    included: tuple[Path, ...] | None = None
    excluded: tuple[Path, ...] = ()

    @classmethod
    def of(cls, included: str | None, excluded: str | None) -> "Projection":
        """The projection of two query parameters, with names joined by commas; ``ScimRefusal``."""
        return cls(_paths(included) if included else None, _paths(excluded or ""))

    def has(self, attribute: str) -> bool:
        """Whether an attribute is contained, or a part of it."""
        included = self.included is None or any(path.attribute == attribute for path in self.included)
        return included and Path("", attribute) not in self.excluded

    def of_resource(self, resource: Record) -> Record:
        """The resource with these attributes."""
        if self.included is not None:
            made: Record = {name: resource[name] for name in _ALWAYS if name in resource}
            for path in self.included:
                _copy(resource, made, _steps(path))
            return made
        for path in self.excluded:
            if path.attribute not in _ALWAYS:
                _remove(resource, _steps(path))
        return resource


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(read_path(name.strip()) for name in text.split(",") if name.strip())


def _steps(path: Path) -> list[str]:
    return [step for step in (path.extension, path.attribute, path.sub) if step]


def _copy(source: Record, target: Record, steps: list[str]) -> None:
    key = key_of(source, steps[0])
    inside = source.get(key)
    if len(steps) == 1 or not isinstance(inside, dict):
        # Of lists the elements are copied whole, which the RFC permits.
        if key in source:
            target[key] = inside
        return
    made = target.get(key)
    if not isinstance(made, dict):
        made = target[key] = {}
    _copy(inside, made, steps[1:])


def _remove(value: Json, steps: list[str]) -> None:
    if isinstance(value, list):
        for each in value:
            _remove(each, steps)
    elif isinstance(value, dict):
        key = key_of(value, steps[0])
        if len(steps) == 1:
            value.pop(key, None)
        else:
            _remove(value.get(key), steps[1:])
