"""The provisioner's tables and the store on them. Nothing outside sees a row."""
