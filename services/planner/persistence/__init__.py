"""The planner's tables, the store on them and the queries. Nothing outside sees a row."""
