from django.urls import path

from incidents.edits import views

urlpatterns = [
    path("incidents/<inc:number>/edit/<slug:what>/", views.edit, name="edit"),
    path("incidents/<inc:number>/-/edit/<slug:what>/", views.dialog, name="edit-dialog"),
]
