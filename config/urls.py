"""Which address belongs to which app."""

urlpatterns: list[object] = []
