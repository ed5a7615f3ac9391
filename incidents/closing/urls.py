from django.urls import path

from incidents.closing import views

urlpatterns = [path("incidents/<inc:number>/account/", views.account, name="account")]
