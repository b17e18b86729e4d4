"""The pages of a school."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
