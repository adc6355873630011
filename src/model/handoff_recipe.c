/* SPDX-License-Identifier: Apache-2.0 */
/* Ready rules, in the words of stack.json; contrib/handoffs.md explains them. */
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/model/handoff.h"

#define NUMBER "\"{next(with.prefix + year(when) + '-', with.digits)}\""
#define TERMS  "\"issue_date\": \"{when}\", \"due_date\": \"{when + with.days}\""

static const struct {
	const char *name;
	const char *text;
} recipes[] = {
	{"won-deal",
		"{ \"on\": \"deal\", \"when\": { \"stage\": \"won\" }, \"once\": \"record\","
		" \"with\": { \"prefix\": \"INV-\", \"digits\": 4, \"days\": 14, \"tax_rate\": 0 },"
		" \"do\": [ { \"create\": \"invoice\", \"as\": \"invoice\", \"set\": {"
		" \"number\": " NUMBER ", \"client\": \"{client}\", \"status\": \"draft\", " TERMS ","
		" \"lines\": [ { \"description\": \"{title}\", \"quantity\": 1, \"unit_price\": \"{amount}\","
		" \"tax_rate\": \"{with.tax_rate}\" } ] } } ] }"},
	{"accepted-quote",
		"{ \"on\": \"quote\", \"when\": { \"status\": \"accepted\" }, \"once\": \"record\","
		" \"with\": { \"prefix\": \"INV-\", \"digits\": 4, \"days\": 14, \"folder\": \"Projects\" },"
		" \"do\": ["
		" { \"create\": \"project\", \"as\": \"project\", \"set\": { \"name\": "
		"\"{default(deal.title, number)}\","
		" \"client\": \"{client}\", \"status\": \"active\", \"start\": \"{when}\", \"budget\": "
		"\"{net}\" } },"
		" { \"create\": \"invoice\", \"as\": \"invoice\", \"set\": { \"number\": " NUMBER ","
		" \"client\": \"{client}\", \"project\": \"{project}\", \"status\": \"draft\", " TERMS ","
		" \"reference\": \"{number}\", \"lines\": \"{lines}\" } },"
		" { \"folder\": \"{with.folder}/{project}\" } ] }"},
	/* No entry for the books: those show each payment by themselves, and it would be there twice. */
	{"paid-invoice", "{ \"on\": \"invoice\", \"when\": { \"status\": \"paid\" }, \"once\": \"record\","
			 " \"with\": { \"folder\": \"Receipts\" },"
			 " \"do\": [ { \"write\": \"{with.folder}/Receipt {number}.txt\", \"text\": "
			 "\"{company}\\n\\nReceipt\\n\\n"
			 "Received from {client} on {when}:\\n{total} {currency} for invoice "
			 "{number}.\\n\\nThank you.\\n\" } ] }"},
	{"finished-project",
		"{ \"on\": \"project\", \"when\": { \"status\": \"closed\" },"
		" \"with\": { \"prefix\": \"INV-\", \"digits\": 4, \"days\": 14, \"rate\": 0, \"tax_rate\": "
		"0 },"
		" \"do\": [ { \"create\": \"invoice\", \"as\": \"invoice\", \"set\": { \"number\": " NUMBER
		","
		" \"client\": \"{client}\", \"project\": \"{record}\", \"status\": \"draft\", " TERMS ","
		" \"lines\": { \"each\": \"time\", \"once\": true, \"if\": { \"billable\": { \"not\": false "
		"} },"
		" \"line\": { \"description\": \"{item.date} {item.summary}\", \"quantity\": "
		"\"{item.hours}\","
		" \"unit\": \"hour\", \"unit_price\": \"{money(with.rate)}\", \"tax_rate\": "
		"\"{with.tax_rate}\" } } } } ] }"},
	{"overdue-invoice",
		"{ \"on\": \"invoice\", \"overdue\": { \"date\": \"due_date\", \"days\": 7 },"
		" \"if\": { \"status\": [\"sent\", \"overdue\"] },"
		" \"do\": [ { \"mail\": \"{client.email}\", \"subject\": \"Invoice {number}\","
		" \"text\": \"Dear {client},\\n\\nour invoice {number} over {total} {currency} was due on "
		"{due_date}."
		" If you have paid it in the meantime, please ignore this letter.\\n\\n{company}\\n\" } ] }"},
	{"recurring-invoice",
		"{ \"on\": \"project\", \"monthly\": { \"day\": 1 },"
		" \"if\": { \"status\": \"active\", \"tags\": { \"has\": \"retainer\" } },"
		" \"with\": { \"prefix\": \"INV-\", \"digits\": 4, \"days\": 14, \"tax_rate\": 0 },"
		" \"do\": [ { \"create\": \"invoice\", \"as\": \"invoice\", \"set\": { \"number\": " NUMBER
		","
		" \"client\": \"{client}\", \"project\": \"{record}\", \"status\": \"draft\", " TERMS ","
		" \"lines\": [ { \"description\": \"{name} {format(when, '%Y-%m')}\", \"quantity\": 1,"
		" \"unit_price\": \"{budget}\", \"tax_rate\": \"{with.tax_rate}\" } ] } } ] }"},
};

const char *handoff_recipe(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
		if (strcmp(recipes[i].name, name) == 0)
			return recipes[i].text;
	}
	return NULL;
}

const char *handoff_recipe_name(int index)
{
	return index < (int)ARRAY_LEN(recipes) ? recipes[index].name : NULL;
}
