// SPDX-License-Identifier: GPL-2.0
/*
 * What the system does to a PCI device when it sleeps, or when the device has an
 * error, for one device alone: in debugfs, below packet_direct_test, are files
 * that take the device's address.
 *
 *	suspend		as the last steps before the system sleeps; as nothing else
 *			sleeps, what user space does meanwhile is the test's care
 *	resume		the way back
 *	fatal		as a port that reports a fatal error: the function is reset
 *			between the driver's handlers
 *	nonfatal	as one whose error leaves the device as it is
 */
#include <linux/debugfs.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/suspend.h>
#include <linux/uaccess.h>

/* "0000:00:00.0" and a newline, with room for a longer domain */
#define PACKET_DIRECT_TEST_PCI_NAME	32

/**
 * struct packet_direct_test_pci - something that happens to a device
 * @name:	of the file
 * @act:	0, or -errno
 */
struct packet_direct_test_pci {
	const char *name;
	int (*act)(struct pci_dev *pdev);
};

#ifdef CONFIG_PM_SLEEP
static void packet_direct_test_wake(struct device *dev)
{
	dev->bus->pm->complete(dev);
	pm_runtime_put(dev);
}

static int packet_direct_test_fall_asleep(struct device *dev)
{
	const struct dev_pm_ops *pm = dev->bus->pm;
	int err;

	pm_runtime_get_noresume(dev);
	err = pm->prepare(dev);
	if (err < 0) {
		pm_runtime_put(dev);
		return err;
	}
	pm_runtime_barrier(dev);
	dev->power.may_skip_resume = true;
	dev->power.must_resume = true;

	err = pm->suspend(dev);
	if (err)
		packet_direct_test_wake(dev);
	else
		dev->power.is_suspended = true;
	return err;
}

static int packet_direct_test_resume(struct pci_dev *pdev)
{
	const struct dev_pm_ops *pm = pdev->dev.bus->pm;
	struct device *dev = &pdev->dev;
	int err;

	if (!dev->power.is_suspended)
		return -EALREADY;

	err = pm->resume_noirq(dev);
	err = pm->resume_early(dev) ?: err;
	pm_runtime_enable(dev);

	device_lock(dev);
	dev->power.is_suspended = false;
	err = pm->resume(dev) ?: err;
	packet_direct_test_wake(dev);
	device_unlock(dev);
	return err;
}

static int packet_direct_test_suspend(struct pci_dev *pdev)
{
	const struct dev_pm_ops *pm = pdev->dev.bus->pm;
	struct device *dev = &pdev->dev;
	int err;

	device_lock(dev);
	if (dev->power.is_suspended)
		err = -EALREADY;
	else
		err = packet_direct_test_fall_asleep(dev);
	device_unlock(dev);
	if (err)
		return err;

	pm_runtime_disable(dev);
	err = pm->suspend_late(dev) ?: pm->suspend_noirq(dev);
	if (err)
		packet_direct_test_resume(pdev);
	return err;
}
#endif /* CONFIG_PM_SLEEP */

static const struct pci_error_handlers *
packet_direct_test_handlers(const struct pci_dev *pdev)
{
	return pdev->driver ? pdev->driver->err_handler : NULL;
}

static pci_ers_result_t packet_direct_test_detected(struct pci_dev *pdev,
						    pci_channel_state_t state)
{
	pci_ers_result_t result = PCI_ERS_RESULT_NO_AER_DRIVER;
	const struct pci_error_handlers *handlers;

	device_lock(&pdev->dev);
	handlers = packet_direct_test_handlers(pdev);
	if (handlers && handlers->error_detected) {
		pdev->error_state = state;
		result = handlers->error_detected(pdev, state);
	}
	device_unlock(&pdev->dev);
	return result;
}

static int packet_direct_test_reset(struct pci_dev *pdev)
{
	int err;

	pci_dev_lock(pdev);
	err = pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	pci_dev_unlock(pdev);
	return err;
}

/* Whichever of the two handlers is next after a look at the device. */
static pci_ers_result_t packet_direct_test_handle(struct pci_dev *pdev,
						  pci_ers_result_t result)
{
	const struct pci_error_handlers *handlers;

	device_lock(&pdev->dev);
	handlers = packet_direct_test_handlers(pdev);
	if (result == PCI_ERS_RESULT_CAN_RECOVER) {
		result = PCI_ERS_RESULT_RECOVERED;
		if (handlers && handlers->mmio_enabled)
			result = handlers->mmio_enabled(pdev);
	} else if (result == PCI_ERS_RESULT_NEED_RESET) {
		pdev->error_state = pci_channel_io_normal;
		result = PCI_ERS_RESULT_RECOVERED;
		if (handlers && handlers->slot_reset)
			result = handlers->slot_reset(pdev);
	}
	device_unlock(&pdev->dev);
	return result;
}

static void packet_direct_test_go_on(struct pci_dev *pdev)
{
	const struct pci_error_handlers *handlers;

	device_lock(&pdev->dev);
	handlers = packet_direct_test_handlers(pdev);
	pdev->error_state = pci_channel_io_normal;
	if (handlers && handlers->resume)
		handlers->resume(pdev);
	device_unlock(&pdev->dev);
}

static int packet_direct_test_recover(struct pci_dev *pdev,
				      pci_channel_state_t state)
{
	pci_ers_result_t result;
	int err;

	result = packet_direct_test_detected(pdev, state);
	if (result == PCI_ERS_RESULT_NO_AER_DRIVER)
		return -EOPNOTSUPP;
	if (state == pci_channel_io_frozen) {
		err = packet_direct_test_reset(pdev);
		if (err)
			return err;
	}

	if (result == PCI_ERS_RESULT_CAN_RECOVER)
		result = packet_direct_test_handle(pdev, result);
	if (result == PCI_ERS_RESULT_NEED_RESET)
		result = packet_direct_test_handle(pdev, result);
	if (result != PCI_ERS_RESULT_RECOVERED)
		return -EIO;
	packet_direct_test_go_on(pdev);
	return 0;
}

static int packet_direct_test_fatal(struct pci_dev *pdev)
{
	return packet_direct_test_recover(pdev, pci_channel_io_frozen);
}

static int packet_direct_test_nonfatal(struct pci_dev *pdev)
{
	return packet_direct_test_recover(pdev, pci_channel_io_normal);
}

static const struct packet_direct_test_pci packet_direct_test_pci[] = {
#ifdef CONFIG_PM_SLEEP
	{ "suspend", packet_direct_test_suspend },
	{ "resume", packet_direct_test_resume },
#endif
	{ "fatal", packet_direct_test_fatal },
	{ "nonfatal", packet_direct_test_nonfatal },
};

/* A sleep of the system would do the same to the device. */
static int packet_direct_test_act(const struct packet_direct_test_pci *what,
				  struct pci_dev *pdev)
{
	unsigned int flags;
	int err;

	flags = lock_system_sleep();
	err = what->act(pdev);
	unlock_system_sleep(flags);
	return err;
}

static ssize_t packet_direct_test_pci_write(struct file *file,
					    const char __user *ubuf, size_t len,
					    loff_t *ppos)
{
	char name[PACKET_DIRECT_TEST_PCI_NAME] = {};
	struct device *dev;
	int err;

	if (len >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, ubuf, len))
		return -EFAULT;
	dev = bus_find_device_by_name(&pci_bus_type, NULL, strim(name));
	if (!dev)
		return -ENODEV;

	err = packet_direct_test_act(file->private_data, to_pci_dev(dev));
	put_device(dev);
	return err ?: len;
}

static const struct file_operations packet_direct_test_pci_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= packet_direct_test_pci_write,
};

static int __init packet_direct_test_pci_init(void)
{
	struct dentry *dir = debugfs_create_dir("packet_direct_test", NULL);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(packet_direct_test_pci); i++)
		debugfs_create_file(packet_direct_test_pci[i].name, 0200, dir,
				    (void *)&packet_direct_test_pci[i],
				    &packet_direct_test_pci_fops);
	return 0;
}
late_initcall(packet_direct_test_pci_init);
