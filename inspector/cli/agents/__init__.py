"""``inspector mcp``: a running server for coding agents, by the Model Context Protocol."""
