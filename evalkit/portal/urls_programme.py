"""The pages of evaluators, programme leads, officers and operators."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
