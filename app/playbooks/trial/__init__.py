"""The trial inside every playbook: who is held out, and what the outcomes prove. Pure: no database, no clock."""
