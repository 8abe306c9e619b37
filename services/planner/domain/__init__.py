"""Planning rules, pure: settings, bandwidth, VM time, calendar, schedule, summary, approval.

Entry point: :func:`services.planner.domain.plan.make_plan`.
"""
