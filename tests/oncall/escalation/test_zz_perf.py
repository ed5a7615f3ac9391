import time, pytest
from core.outbox import claims
from core.outbox.models import Message
from core.outbox.registry import Outcome
from oncall.escalation import operations
from oncall.paging import operations as paging
from tests import cast
pytestmark = pytest.mark.django_db(transaction=True)
def test_perf():
    a=cast.alice(); paging.ensure_default(a)
    p=cast.policy((600,[cast.always(a)]),(600,[cast.bob()]))
    ids=[cast.alert(f"A {n}").pk for n in range(400)]
    t=time.perf_counter(); operations.start_many([operations.Start(alert_id=i,policy_id=p.pk) for i in ids]); print("start400",time.perf_counter()-t)
    t=time.perf_counter(); operations.advance_due(); print("advance200",time.perf_counter()-t)
    t=time.perf_counter(); operations.advance_due(); print("advance200",time.perf_counter()-t)
    t=time.perf_counter(); n=0
    while c:=claims.claim(claims.Room(10,10),owner="x"): n+=len(c)
    dt=time.perf_counter()-t; print("claim+guard per msg ms",dt/n*1000,n)
    from core.outbox import sending
    ms=list(Message.objects.all())
    t=time.perf_counter()
    for m in ms: sending.content_of(m)
    print("content per msg ms",(time.perf_counter()-t)/len(ms)*1000)
    from core.outbox.claims import Result, complete
    now=time.monotonic()
    t=time.perf_counter()
    for k in range(0,len(ms),10):
        complete([Result(m,"accepted","accepted","",now,now) for m in ms[k:k+10]],owner="x")
    print("complete per msg ms",(time.perf_counter()-t)/len(ms)*1000)
    from core.events import bus
    from core.events.models import EventDelivery
    print(EventDelivery.objects.values_list("handler",flat=True).distinct())
    k=EventDelivery.objects.count(); t=time.perf_counter()
    while bus.deliver_due(): pass
    print("deliver per event ms",(time.perf_counter()-t)/k*1000,k)
