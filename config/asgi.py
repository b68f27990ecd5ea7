"""The whole system behind one port: the results book first, then pages, then live rooms."""

import gc
import os

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
pages = get_asgi_application()

# These read models, so they come after Django is ready.
from config.proxy import BehindProxy  # noqa: E402
from proctoring.routing import websocket_urlpatterns  # noqa: E402
from scheduling.door import BookingDoor  # noqa: E402
from scoring.lookup import ResultLookup  # noqa: E402

# A search through all objects for rings of garbage would hold up everybody for half a second: it
# walks every person of every room. What is imported is left out for good; what lives is walked
# after a hundred million new objects instead of after every quarter more.
gc.freeze()
gc.set_threshold(10_000, 20, 500)

application = BehindProxy(
    ProtocolTypeRouter(
        {
            "http": ResultLookup(BookingDoor(pages)),
            "websocket": AllowedHostsOriginValidator(URLRouter(websocket_urlpatterns)),
        }
    )
)
