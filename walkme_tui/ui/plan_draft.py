"""A plan under review: which groups are kept, and the ticket."""

from dataclasses import dataclass, replace

from walkme_tui.domain.plans import Plan, PlanKind, Step, without_groups


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A plan and its edits; ``kept`` are ids of users and of groups that they stay in."""

    planned: Plan
    kept: frozenset[tuple[str, str]] = frozenset()
    ticket: str = ""

    @classmethod
    def of(cls, plan: Plan) -> "PlanDraft":
        """The plan as it was made."""
        return cls(plan, ticket=plan.ticket)

    @property
    def plan(self) -> Plan:
        """The plan with its edits."""
        return without_groups(self.planned, self.kept).with_ticket(self.ticket)

    def can_keep(self, step: Step) -> bool:
        """Whether the step can be left out: an offboarding leaves a group."""
        return self.planned.kind is PlanKind.OFFBOARD and step.left is not None

    def keeps(self, step: Step) -> bool:
        """Whether the step is left out."""
        return step.left in self.kept

    def toggled(self, step: Step) -> "PlanDraft":
        """The draft with the step left out, or included again."""
        if step.left is None or not self.can_keep(step):
            return self
        return replace(self, kept=self.kept ^ {step.left})
