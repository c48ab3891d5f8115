#!/usr/bin/python3
"""A Django REST framework that lists 250 numbers in pages of 100.

    server.py PORT

listens at 127.0.0.1 until it is stopped. `/pages/` has numbered pages, `/offsets/` limit and offset.
"""

import sys
from wsgiref.simple_server import make_server

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of no use",
    USE_TZ=True,
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.pagination import LimitOffsetPagination, PageNumberPagination  # noqa: E402
from rest_framework.renderers import JSONRenderer  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

ITEMS = [{"id": number} for number in range(250)]


class Pages(PageNumberPagination):
    page_size = 100


class Offsets(LimitOffsetPagination):
    default_limit = 100


class List(APIView):
    renderer_classes = [JSONRenderer]
    pagination = None

    def get(self, request):
        paginator = self.pagination()
        return paginator.get_paginated_response(paginator.paginate_queryset(ITEMS, request))


urlpatterns = [
    path("pages/", List.as_view(pagination=Pages)),
    path("offsets/", List.as_view(pagination=Offsets)),
]

if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application()).serve_forever()
