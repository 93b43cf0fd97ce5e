"""How a SCIM server describes itself: ServiceProviderConfig, ResourceTypes, Schemas, each of which may be missing."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from walkme_tui.api.answers import ApiAnswer, read_json
from walkme_tui.api.scim.calls import ScimCalls
from walkme_tui.api.scim.decoding import decode_list
from walkme_tui.domain.errors import ApiError, RateLimited, SignInRefused
from walkme_tui.domain.scim_json import GROUP_SCHEMA, is_false, member
from walkme_tui.domain.user_json import USER_SCHEMA

ABOUT: Final = "the description of the service"
FIXED: Final = frozenset({"readonly", "immutable"})
_NOTHING: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})


class Service(NamedTuple):
    """What is known of the server; it can do what it does not mention.

    ``fixed`` are the paths of attributes that cannot be changed, in lower case, by schema.
    """

    patch: bool = True
    etag: bool = True
    groups: bool = True
    fixed: Mapping[str, frozenset[str]] = _NOTHING

    def fixed_paths(self, schema: str, paths: Iterable[str]) -> list[str]:
        """Those of the paths that cannot be changed."""
        fixed = self.fixed.get(schema, frozenset())
        return [path for path in paths if path.lower() in fixed]


class ServiceReader:
    """Reads the descriptions once, before the first change."""

    def __init__(self, calls: ScimCalls) -> None:
        self._calls = calls
        self._service: Service | None = None
        self._reading = asyncio.Lock()

    async def service(self) -> Service:
        """How the server describes itself; raises ``RateLimited`` and ``SignInRefused``."""
        async with self._reading:
            if self._service is None:
                config, types, schemas = await asyncio.gather(
                    self._read("/ServiceProviderConfig", lambda answer: read_json(answer)[0]),
                    self._read("/ResourceTypes", lambda answer: decode_list(answer).resources),
                    self._read("/Schemas", lambda answer: decode_list(answer).resources),
                )
                supported = {name: member(member(config, name), "supported") for name in ("patch", "etag")}
                self._service = Service(
                    patch=not is_false(supported["patch"]),
                    etag=not is_false(supported["etag"]),
                    groups=_has_groups(types or []),
                    fixed={schema: frozenset(_fixed(schemas or [], schema)) for schema in (USER_SCHEMA, GROUP_SCHEMA)},
                )
            return self._service

    async def _read(self, target: str, decode: Callable[[ApiAnswer], Any]) -> Any:
        try:
            return await self._calls.read_one(target, ABOUT, decode)
        except (RateLimited, SignInRefused):
            raise
        except ApiError:
            return None  # what follows shows whether the server can be reached


def _has_groups(types: list[Any]) -> bool:
    """False where the server lists its types of resources, and groups are not among them."""
    schemas = [schema.lower() for schema in (member(kind, "schema") for kind in types) if isinstance(schema, str)]
    return not schemas or GROUP_SCHEMA.lower() in schemas


def _fixed(schemas: list[Any], schema: str) -> Iterable[str]:
    """The paths of the attributes of a schema that cannot be changed."""
    for described in schemas:
        if str(member(described, "id")).lower() == schema.lower():
            yield from _fixed_below(member(described, "attributes"), "")


def _fixed_below(attributes: object, above: str) -> Iterable[str]:
    for attribute in attributes if isinstance(attributes, list) else []:
        path = f"{above}{member(attribute, 'name')}".lower()
        if str(member(attribute, "mutability")).lower() in FIXED:
            yield path
        elif not above:
            yield from _fixed_below(member(attribute, "subAttributes"), f"{path}.")
