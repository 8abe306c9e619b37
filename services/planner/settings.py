"""Settings of the planner: environment variables MIGPLAN_PLANNER_…"""

from pydantic import Field

from shared.runtime.settings import CommonSettings, settings_of


class PlannerSettings(CommonSettings):
    """What every service is told, and the approval rule of new projects."""

    model_config = settings_of("planner")

    allow_single_approver: bool = Field(
        False,
        description="Projects that say nothing else let one person request and approve a plan; "
        "true only in the embedded demo",
    )
