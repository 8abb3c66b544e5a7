"""RequestBin for your own machine: captures webhooks and shows exactly what was sent."""
