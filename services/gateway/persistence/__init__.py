"""The gateway's tables and the store on them. Nothing outside sees a row."""
