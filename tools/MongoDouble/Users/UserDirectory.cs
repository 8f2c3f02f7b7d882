using MongoDB.Bson;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Users;

/// <summary>Users and roles, which are documents of the database admin. Used under the store's gate.</summary>
internal sealed class UserDirectory(DataStore store)
{
    private const string Database = "admin";
    private const string Users = "system.users";
    private const string Roles = "system.roles";

    private readonly Dictionary<AuthenticatedUser, IReadOnlyList<Privilege>> _known = [];

    public bool IsEmpty => !All(Users).Any();

    public IEnumerable<BsonDocument> AllUsers => All(Users);

    public IEnumerable<BsonDocument> AllRoles => All(Roles);

    public BsonDocument? FindUser(AuthenticatedUser user) => Find(Users, $"{user.Database}.{user.Name}");

    public BsonDocument? FindRole(string database, string name) => Find(Roles, $"{database}.{name}");

    public ScramCredentials? FindCredentials(AuthenticatedUser user) =>
        FindUser(user) is { } document ? ScramCredentials.Read(document["credentials"]["SCRAM-SHA-256"].AsBsonDocument) : null;

    /// <summary>All that a user may do, by all of his roles.</summary>
    public IReadOnlyList<Privilege> Privileges(AuthenticatedUser user)
    {
        if (!_known.TryGetValue(user, out var privileges))
        {
            var all = new List<Privilege>();
            if (FindUser(user) is { } document)
            {
                Collect(document["roles"].AsBsonArray, all, []);
            }

            _known[user] = privileges = all;
        }

        return privileges;
    }

    public IReadOnlyList<Privilege> Privileges(BsonArray roles)
    {
        var all = new List<Privilege>();
        Collect(roles, all, []);
        return all;
    }

    public bool RoleExists(string database, string name) => BuiltinRoles.Of(name, database) is not null || FindRole(database, name) is not null;

    public void SaveUser(Deadline deadline, BsonDocument user) => Save(deadline, Users, user);

    public void SaveRole(Deadline deadline, BsonDocument role) => Save(deadline, Roles, role);

    public void DeleteUser(Deadline deadline, BsonValue id) => Delete(deadline, Users, id);

    public void DeleteRole(Deadline deadline, BsonValue id) => Delete(deadline, Roles, id);

    private void Collect(BsonArray roles, List<Privilege> privileges, HashSet<BsonValue> seen)
    {
        foreach (var role in roles.Where(seen.Add))
        {
            var (name, database) = (role["role"].AsString, role["db"].AsString);
            if (BuiltinRoles.Of(name, database) is { } own)
            {
                privileges.AddRange(own);
            }
            else if (FindRole(database, name) is { } document)
            {
                privileges.AddRange(document["privileges"].AsBsonArray.Select(Privilege.Parse));
                Collect(document["roles"].AsBsonArray, privileges, seen);
            }
        }
    }

    private IEnumerable<BsonDocument> All(string collection) =>
        store.Find(store.Now(), Database, collection)?.Scan(store.Now()).Select(pair => pair.Document) ?? [];

    private BsonDocument? Find(string collection, string id) => store.Find(store.Now(), Database, collection)?.Find(id)?.Visible(store.Now());

    private void Save(Deadline deadline, string collection, BsonDocument document) => Change(deadline, transaction =>
    {
        var target = store.Ensure(transaction, Database, collection);
        if (target.Find(document["_id"]) is { } record && record.Visible(transaction) is { } before)
        {
            store.Write(transaction, target, record, before, document, ChangeKind.Replace);
        }
        else
        {
            store.Insert(transaction, target, document);
        }
    });

    private void Delete(Deadline deadline, string collection, BsonValue id) => Change(deadline, transaction =>
    {
        if (store.Find(transaction, Database, collection) is { } target && target.Find(id) is { } record && record.Visible(transaction) is { } before)
        {
            store.Write(transaction, target, record, before, null, ChangeKind.Delete);
        }
    });

    private void Change(Deadline deadline, Action<StorageTransaction> body)
    {
        store.Autocommit<object?>(deadline, transaction =>
        {
            body(transaction);
            return null;
        });
        _known.Clear();
    }
}
