"""Which address belongs to which app."""

from django.urls import include, path

from config import views
from config.admin import site

urlpatterns = [
    path("", views.front, name="front"),
    path("home/", views.home, name="home"),
    path("demo/", views.demo, name="demo"),
    path("healthz", views.healthz, name="healthz"),
    path("language/", include("django.conf.urls.i18n")),
    path("", include("centres.urls")),
    path("", include("scheduling.urls")),
    path("", include("proctoring.urls")),
    path("", include("scoring.urls")),
    path("admin/", site.urls),
]
