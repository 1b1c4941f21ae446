"""From what billing systems say of a customer to stretches of contract, invoices and the account they belong to."""
