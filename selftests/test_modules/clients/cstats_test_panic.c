// SPDX-License-Identifier: GPL-2.0
/*
 * cstats_test_panic: let cstats.ko print its sets as at a panic, for panic_print.sh
 *
 * What is written to the parameter "panic" is the panic's text. It calls the one
 * notifier of panics that is cstats.ko's: no other one hears of it, and the machine
 * lives.
 */
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

static int panic_set(const char *val, const struct kernel_param *kp)
{
	static char name[KSYM_SYMBOL_LEN];
	struct notifier_block *nb;
	int err = -ENOENT;

	rcu_read_lock();
	for (nb = rcu_dereference(panic_notifier_list.head); nb;
	     nb = rcu_dereference(nb->next)) {
		sprint_symbol_no_offset(name, (unsigned long)nb->notifier_call);
		if (!str_has_prefix(name, "cstats_panic_event"))
			continue;
		nb->notifier_call(nb, 0, (void *)val);
		err = 0;
	}
	rcu_read_unlock();
	return err;
}

static const struct kernel_param_ops panic_ops = {
	.set = panic_set,
};
module_param_cb(panic, &panic_ops, NULL, 0200);
MODULE_PARM_DESC(panic, "write: what the panic says");

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("cstats: print sets as at a panic");
MODULE_LICENSE("GPL");
