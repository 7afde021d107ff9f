// SPDX-License-Identifier: GPL-2.0
/* Sections in NMIs and in the interrupts that they raise: raised - irqs == pending. */
#include <linux/cstats.h>
#include <linux/irq_work.h>
#include <asm/nmi.h>

enum { RAISED, IRQS, PENDING };
static const struct cstats_field nmi_fields[] = {
	[RAISED]  = { "raised",  CSTATS_COUNTER, "calls", "interrupts raised by NMIs" },
	[IRQS]    = { "irqs",    CSTATS_COUNTER, "calls", "those that have come" },
	[PENDING] = { "pending", CSTATS_GAUGE,   "calls", "those that have not" },
};

static DEFINE_CSTATS_RCU(nmi_stats);

static void nmi_irq(struct irq_work *work)
{
	struct cstats_rcu_section s = cstats_rcu_acquire(&nmi_stats);

	cstats_add(&s, IRQS, 1);
	cstats_add(&s, PENDING, -1);
	cstats_release(&s);
}

static struct irq_work nmi_work = IRQ_WORK_INIT_HARD(nmi_irq);

static int nmi_handler(unsigned int type, struct pt_regs *regs)
{
	bool raised = irq_work_queue(&nmi_work);	/* waits for the NMI's end */
	struct cstats_rcu_section s = cstats_rcu_acquire(&nmi_stats);

	cstats_add(&s, RAISED, raised);
	cstats_add(&s, PENDING, raised);
	cstats_release(&s);
	return NMI_DONE;	/* it is somebody else's */
}

static int __init nmi_init(void)
{
	int err = cstats_init(&nmi_stats, "nmi", nmi_fields, ARRAY_SIZE(nmi_fields));

	if (!err)
		err = register_nmi_handler(NMI_LOCAL, nmi_handler, 0, "cstats_sample");
	if (err)
		cstats_destroy(&nmi_stats.cs);	/* does nothing if the init has failed */
	return err;
}
module_init(nmi_init);

static void __exit nmi_exit(void)
{
	unregister_nmi_handler(NMI_LOCAL, "cstats_sample");
	irq_work_sync(&nmi_work);
	cstats_destroy(&nmi_stats.cs);
}
module_exit(nmi_exit);

MODULE_DESCRIPTION("cstats sample: sections in NMIs and interrupts");
MODULE_LICENSE("GPL");
