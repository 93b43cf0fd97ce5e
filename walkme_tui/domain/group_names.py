"""Groups found by the id or the name that a person or a file gave."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from walkme_tui.domain.groups import Group
from walkme_tui.domain.text import search_key


class GroupNames:
    """The groups of an account by their ids and their names."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._by_id: dict[str, Group] = {}
        self._by_name: dict[str, list[Group]] = defaultdict(list)
        self._by_key: dict[str, list[Group]] = defaultdict(list)
        for group in groups:
            self._by_id[group.id] = group
            if group.name is not None:
                self._by_name[group.name].append(group)
                self._by_key[search_key(group.name)].append(group)

    def matches(self, name_or_id: str) -> Sequence[Group]:
        """The groups with this id, else with this name, else with this name but for case and accents."""
        if name_or_id in self._by_id:
            return [self._by_id[name_or_id]]
        key = search_key(name_or_id)
        return self._by_name.get(name_or_id) or (self._by_key.get(key, []) if key else [])

    def nearest(self, name: str) -> str:
        """The name of a group that is most similar to this one; empty where none is."""
        from walkme_tui.domain.filters import nearest  # only mistakes need it

        return next(iter(nearest(name, [known for known in self._by_name if known])), "")
