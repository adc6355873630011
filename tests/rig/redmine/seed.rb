# Fill a fresh Redmine: settings, the admin's API key, people, 200 projects, 2000 issues, 300 time entries, one attachment.
# Run by tests/rig/up inside `rails runner`, with the projects (made by data.jq) as JSON in the file $RIG_PROJECTS.
# Redmine's own models make and validate every record. Issues and time entries are then inserted all at once, with
# what Redmine's callbacks would have set: one by one, they take three times as long.

ActionMailer::Base.perform_deliveries = false
Redmine::DefaultData::Loader.load('en')
Setting.rest_api_enabled = '1'
Setting.login_required = '1'
Setting.notified_events = []

PRIORITIES = IssuePriority.all.to_a
STATUSES = IssueStatus.all.index_by(&:name)
TRACKERS = Tracker.all.to_a
ACTIVITIES = TimeEntryActivity.shared.to_a
START = Time.utc(2026, 1, 5, 8)

admin = User.find_by_login('admin')
admin.update!(must_change_passwd: false, password: ENV['RIG_PASSWORD'], password_confirmation: ENV['RIG_PASSWORD'])
Token.where(user_id: admin.id, action: 'api').delete_all
Token.create!(user: admin, action: 'api').update_column(:value, ENV['REDMINE_KEY'])
User.current = admin

def add_people
  [%w[Anna Berg], %w[Jonas Keller], %w[Marta Nowak], %w[Søren Holm]].map do |first, last|
    login = last.downcase
    User.create!(login: login, firstname: first, lastname: last, mail: "#{login}@studio.example", language: 'en',
                 password: ENV['RIG_PASSWORD'], password_confirmation: ENV['RIG_PASSWORD'])
  end
end

def add_projects
  developer = Role.find_by_name('Developer')
  JSON.parse(File.read(ENV['RIG_PROJECTS'])).each_with_index.map do |attributes, n|
    project = Project.create!(attributes)
    Member.create!(project: project, principal: PEOPLE[project.id % PEOPLE.size], roles: [developer])
    created = START + n * 86_400 / 2
    project.update_columns(created_on: created, updated_on: created)
    project
  end
end

VERBS = ['Draft', 'Review', 'Fix', 'Plan', 'Test', 'Publish', 'Measure', 'Translate', 'Prepare', 'Clean up'].freeze
THINGS = ['the home page', 'the price list', 'the contact form', 'the moodboard', 'the import of old orders', 'the newsletter',
          'the photo gallery', 'the backup', 'the search', 'the invoice layout', 'the menu on phones', 'the "About us" text',
          'the shop checkout', 'the redirects', 'the privacy notice', 'the quarterly figures', 'the logo files'].freeze
CYCLE = ['New', 'New', 'New', 'In Progress', 'In Progress', 'Resolved', 'Feedback', 'Closed', 'Closed', 'Rejected'].freeze

def issue(project, n)
  issue = Issue.new(project: project, tracker: TRACKERS[n % TRACKERS.size], author: User.current)
  issue.subject = "#{VERBS[n % VERBS.size]} #{THINGS[n * 7 % THINGS.size]}"
  issue.description = n % 3 == 0 ? "As agreed on the phone.\n\n* check with the client\n* then hand over" : ''
  issue.status = STATUSES.fetch(CYCLE[n * 3 % CYCLE.size])
  issue.priority = PRIORITIES[n % 13 == 0 ? 2 : 1]
  issue.assigned_to = PEOPLE[project.id % PEOPLE.size] if n % 2 == 0
  issue.created_on = START + n * 3600 * 3 + n % 60
  issue.updated_on = issue.created_on + n % 9 * 86_400
  issue.closed_on = issue.updated_on if issue.closed?
  issue.done_ratio = issue.closed? ? 100 : n % 5 * 10
  issue.start_date = issue.created_on.to_date
  issue.due_date = issue.start_date + 14 if n % 4 == 0
  issue.estimated_hours = 1.5 + n % 7 if n % 5 == 0
  issue
end

def time_entry(issue, n)
  day = issue.start_date + n % 5
  user = issue.assigned_to || PEOPLE[n % PEOPLE.size]
  TimeEntry.new(project: issue.project, issue: issue, user: user, author: User.current, activity: ACTIVITIES[n % ACTIVITIES.size],
                hours: 0.25 * (1 + n % 24), spent_on: day, comments: n % 2 == 0 ? 'Call and first draft' : '',
                created_on: day.to_time(:utc) + 17 * 3600, updated_on: day.to_time(:utc) + 17 * 3600)
end

# insert - validate the records, then insert them as 1, 2, 3, ...; the block gives what saving would have set for an id
def insert(model, records)
  ActiveRecord::Base.cache { records.each(&:validate!) }
  model.insert_all!(records.each.with_index(1).map { |record, id| record.attributes.merge('id' => id, **yield(id)) })
  model.order(:id).to_a
end

PEOPLE = add_people
ActiveRecord::Base.transaction do
  projects = add_projects
  issues = insert(Issue, Array.new(2000) { |n| issue(projects[(n + n / 200) % 200], n) }) do |id|
    { 'root_id' => id, 'lft' => 1, 'rgt' => 2, 'lock_version' => 1 }
  end
  insert(TimeEntry, Array.new(300) { |n| time_entry(issues[n * 6], n) }) { {} }
  Attachment.create!(container: issues[0], author: User.current, filename: 'offer.txt', content_type: 'text/plain',
                     file: StringIO.new("Offer for the home page\n3 days, 2880.00 EUR\n"))
end
