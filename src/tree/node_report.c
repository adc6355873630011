/* SPDX-License-Identifier: Apache-2.0 */
/* reports/: files that are made of the records when they are read. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/report/report.h"
#include "tree/kinds.h"

NODE_READ(node_report_read)
{
	return report_file((int)p.b) ? report_read(tree->reports, (int)p.b, b) : -ENOENT;
}

NODE_STAT(node_report_stat)
{
	return report_file((int)p.b) ? node_made(tree, p, report_time(tree->reports), ret) : -ENOENT;
}

NODE_PARENT(node_report_parent)
{
	if (!report_file((int)p.b))
		return -ENOENT;
	*ret = (struct place){PLACE_FIXED, 0, PLACE_FIXED_REPORTS};
	*ret_name = str_dup(report_file((int)p.b));
	return 0;
}

int node_reports_lookup(struct tree *tree, const char *entry, struct node *ret)
{
	int i = report_find(entry);

	return i < 0 ? -ENOENT : node_report_stat(tree, (struct place){PLACE_REPORT, 0, (uint32_t)i}, ret);
}

void node_reports_list(struct listing *l)
{
	struct node node;

	for (int i = (int)l->after; report_file(i); i++) {
		if (node_report_stat(l->tree, (struct place){PLACE_REPORT, 0, (uint32_t)i}, &node) == 0 &&
			!node_add(l, i + 1, report_file(i), &node))
			return;
	}
}
