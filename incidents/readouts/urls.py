from django.urls import path

from incidents.readouts import views

urlpatterns = [
    path("incidents/<inc:number>/for-stakeholders/", views.for_stakeholders, name="for-stakeholders"),
    path("incidents/<inc:number>/-/for-stakeholders/", views.for_stakeholders_now, name="stakeholders-now"),
    path("incidents/<inc:number>/for-support/", views.for_support, name="for-support"),
    path("incidents/<inc:number>/-/for-support/", views.for_support_now, name="support-now"),
    path("incidents/<inc:number>/executive-summary/", views.executive_summary, name="executive-summary"),
]
