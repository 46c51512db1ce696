"""AI governance status inside Backstage: the backend-for-frontend."""

__version__ = "0.1.0"
