# SPDX-License-Identifier: Apache-2.0
# Fills a fresh Tryton with a company that can write invoices, and with always the same clients, invoices, projects and hours.
# Call: seed.py TRYTOND_CONF DATABASE        (Debian's python3, which has proteus)
import datetime
import sys
from decimal import Decimal

from proteus import Model, Wizard, config

CITIES = ["Berlin", "Utrecht", "León", "Gdańsk", "Lyon"]
FIRST, LAST = datetime.date(2026, 1, 1), datetime.date(2035, 12, 31)

session = config.set_trytond(sys.argv[2], config_file=sys.argv[1])
get = Model.get


def found(model, *domain):
    return get(model).find(list(domain), order=[("id", "ASC")], limit=1)[0]


def create(model, rows):
    """All rows with one call, the way seamfs itself would; their ids."""
    return get(model)._proxy.create(rows, session.context)


# ---- the company, its accounts and its numbers

euro = get("currency.currency")(name="Euro", symbol="€", code="EUR", rounding=Decimal("0.01"))
euro.rates.new(date=FIRST, rate=Decimal(1))
euro.save()
owner = get("party.party")(name="Rig & Sons")
owner.save()
wizard = Wizard("company.company.config")
wizard.execute("company")
wizard.form.party, wizard.form.currency = owner, euro
wizard.execute("add")
company = found("company.company")
session._context = get("res.user").get_preferences(True, session.context)

wizard = Wizard("account.create_chart")
wizard.execute("account")
wizard.form.account_template = found(
    "account.account.template", ("parent", "=", None), ("name", "ilike", "Minimal Account Chart%"))
wizard.form.company = company
wizard.execute("create_account")
wizard.form.account_receivable = found("account.account", ("type.receivable", "=", True))
wizard.form.account_payable = found("account.account", ("type.payable", "=", True))
wizard.execute("create_properties")

# One year that lasts ten, so that the tests may post in any of them.
moves = get("ir.sequence")(
    name="Moves", company=company, sequence_type=found("ir.sequence.type", ("name", "=", "Account Move")))
moves.save()
numbers = get("ir.sequence.strict")(
    name="Invoices", company=company, prefix="INV-", padding=4,
    sequence_type=found("ir.sequence.type", ("name", "=", "Invoice")))
numbers.save()
year = get("account.fiscalyear")(
    name="2026-2035", start_date=FIRST, end_date=LAST, company=company, post_move_sequence=moves)
sequences = year.invoice_sequences[0]
sequences.in_invoice_sequence = sequences.in_credit_note_sequence = numbers
sequences.out_invoice_sequence = sequences.out_credit_note_sequence = numbers
year.save()
get("account.period")(name="all", start_date=FIRST, end_date=LAST, fiscalyear=year, type="standard").save()

# ---- clients: enough for several pages

france = get("country.country")(name="France", code="FR")
france.save()
clients = create("party.party", [
    {
        "name": "Client %03d" % n,
        "addresses": [("create", [{
            "street": "%d Quay Street" % n, "postal_code": "%05d" % (10000 + n), "city": CITIES[n % len(CITIES)],
            "country": france.id if n % len(CITIES) == 4 else None}])],
        "contact_mechanisms": [("create", [
            {"type": "email", "value": "office@client%03d.example" % n},
            {"type": "phone", "value": "+49 30 %06d" % n},
            {"type": "website", "value": "https://client%03d.example" % n}])],
        "identifiers": [("create", [{"type": "eu_vat", "code": "BE0897290877"}])] if n == 1 else [],
    } for n in range(1, 251)])

# ---- invoices: posted, draft

category = get("product.category")(
    name="Services", accounting=True, account_revenue=found("account.account", ("type.revenue", "=", True)),
    account_expense=found("account.account", ("type.expense", "=", True)))
category.save()
hour = found("product.uom", ("name", "=", "Hour"))
template = get("product.template")(
    name="Consulting", type="service", default_uom=hour, list_price=Decimal(90), account_category=category)
template.save()
for n in range(1, 13):
    invoice = get("account.invoice")(
        party=get("party.party")(clients[n - 1]), invoice_date=datetime.date(2026, n, 1),
        reference="PO %d" % n)
    line = invoice.lines.new()
    line.product, line.quantity = template.products[0], 2.5 * n
    line.unit_price, line.description = Decimal("90.40"), "Consulting, part %d" % n
    invoice.save()
    if n <= 6:
        invoice.click("post")
    elif n <= 9:  # numbered by hand, which no form of Tryton's offers; it leaves that as it is
        get("account.invoice")._proxy.write([invoice.id], {"number": "HAND-%d" % n}, session.context)

# ---- projects, their tasks, and hours

person = get("party.party")(name="Ada Rig")
person.save()
employee = get("company.employee")(party=person, company=company)
employee.save()
done = found("project.work.status", ("name", "=", "Done"))
for n in range(1, 6):
    project, = create("project.work", [{
        "name": "Project %d" % n, "type": "project", "party": clients[n - 1], "timesheet_available": True}])
    tasks = create("project.work", [{
        "name": "Task %d of project %d" % (t, n), "type": "task", "parent": project, "timesheet_available": True,
        "effort_duration": datetime.timedelta(hours=t, minutes=30),
        **({"status": done.id, "progress": 1.0} if t == 4 else {})} for t in range(1, 5)])
    works = {work.origin.id: work.id for work in get("timesheet.work").find([]) if work.origin}
    create("timesheet.line", [{
        "work": works[work], "employee": employee.id, "date": datetime.date(2026, 11, n), "description": text,
        "duration": datetime.timedelta(minutes=75)} for work, text in (
            (project, "Meeting %d" % n), (tasks[0], "Drawing %d" % n), (tasks[1], "Building %d" % n))])
