// SPDX-License-Identifier: GPL-2.0
/// A call that may sleep within a section
//# Preemption is off from acquire to release.

virtual report

@sleep exists@
type T;
identifier s;
position p, q;
@@
(
T s = \(cstats_acquire\|cstats_rcu_acquire\|cstats_acquire_fields\)(...)@p;
|
s = \(cstats_acquire\|cstats_rcu_acquire\|cstats_acquire_fields\)(...)@p;
)
... when != cstats_release(&s)
(
\(msleep\|msleep_interruptible\|usleep_range\|fsleep\|ssleep\|schedule\|schedule_timeout\|schedule_timeout_interruptible\|schedule_timeout_uninterruptible\|io_schedule\|cond_resched\|might_sleep\)(...)@q
|
\(mutex_lock\|mutex_lock_interruptible\|mutex_lock_killable\|mutex_lock_nested\|down\|down_interruptible\|down_killable\|down_read\|down_write\|down_read_killable\|down_write_killable\|percpu_down_read\|percpu_down_write\|cpus_read_lock\|rtnl_lock\)(...)@q
|
\(wait_event\|wait_event_interruptible\|wait_event_timeout\|wait_event_killable\|wait_for_completion\|wait_for_completion_timeout\|wait_for_completion_interruptible\|wait_for_completion_killable\)(...)@q
|
\(kmalloc\|kzalloc\|kvmalloc\|kvzalloc\|__get_free_pages\|alloc_pages\)(..., \(GFP_KERNEL\|GFP_KERNEL_ACCOUNT\|GFP_NOIO\|GFP_NOFS\|GFP_USER\))@q
|
\(kcalloc\|kmalloc_array\|kstrdup\|kmemdup\|kmem_cache_alloc\)(..., \(GFP_KERNEL\|GFP_KERNEL_ACCOUNT\|GFP_NOIO\|GFP_NOFS\|GFP_USER\))@q
|
\(vmalloc\|vzalloc\|copy_from_user\|copy_to_user\|get_user\|put_user\)(...)@q
|
\(synchronize_rcu\|synchronize_rcu_expedited\|synchronize_srcu\|rcu_barrier\|flush_work\|cancel_work_sync\|cancel_delayed_work_sync\|flush_workqueue\|kthread_stop\|free_irq\)(...)@q
)

@script:python depends on report@
p << sleep.p;
q << sleep.q;
@@
coccilib.report.print_report(q[0], "may sleep within a section (the section of line %s)" % p[0].line)
