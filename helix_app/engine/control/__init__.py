"""How many tokens to draft, and with which draft: costs, acceptance, a ledger of losses, and the policies."""
