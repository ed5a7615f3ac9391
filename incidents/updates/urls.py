from django.urls import path

from incidents.updates import views

urlpatterns = [
    path("audiences/templates/", views.templates, name="templates"),
    path("audiences/templates/new/", views.create_template, name="new-template"),
    path("audiences/templates/<int:pk>/", views.change_template, name="template"),
    path("audiences/templates/<int:pk>/remove/", views.remove_template, name="remove-template"),
    path("incidents/<inc:number>/updates/<int:pk>/", views.update, name="update"),
]
