using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Sessions;
using Relaybox.MongoDouble.Storage;
using Relaybox.MongoDouble.Wire;

namespace Relaybox.MongoDouble.Commands;

/// <summary>A command that is being executed.</summary>
internal sealed class CommandContext(DoubleServer server, WireConnection connection, BsonDocument command)
{
    private Deadline? _deadline;

    public DoubleServer Server => server;

    public DataStore Store => server.Store;

    public WireConnection Connection => connection;

    public BsonDocument Command => command;

    public string Name { get; } = command.GetElement(0).Name;

    public string Database { get; } = command["$db"].AsString;

    public Evaluation Evaluation { get; } = new(Truncated(server.Clock.GetUtcNow().UtcDateTime));

    public Deadline Deadline => _deadline ??= new Deadline(server.Clock, MaxTime());

    public Session? Session { get; set; }

    /// <summary>The multi-document transaction that the command is in.</summary>
    public ClientTransaction? Transaction { get; set; }

    /// <summary>The <c>txnNumber</c> of a retryable write; null: the command is no retryable write.</summary>
    public long? RetryNumber { get; set; }

    /// <summary>The collection that the command's first field names.</summary>
    /// <exception cref="ServerException">The field does not name a collection.</exception>
    public string CollectionName() => CollectionName(command[0]);

    public string CollectionName(BsonValue value)
    {
        if (value is not BsonString { Value: var name })
        {
            throw ServerErrors.InvalidNamespace($"collection name has invalid type {ServerErrors.TypeName(value.BsonType)}");
        }

        if (name.Length == 0 || name[0] == '.' || name.Contains('\0', StringComparison.Ordinal))
        {
            throw ServerErrors.InvalidNamespace($"Invalid namespace specified '{Database}.{name}'");
        }

        return name;
    }

    /// <summary>The view that a read has: the transaction's, or the last commit.</summary>
    public StorageTransaction Reader() => Transaction is { } transaction ? transaction.Storage ??= Store.Begin() : Store.Now();

    /// <summary>Executes a write in the client's transaction, or in one of its own.</summary>
    /// <param name="statement">The statement's number in a retryable write.</param>
    /// <param name="body">Writes, and returns the answer of the statement.</param>
    public BsonDocument Write(int statement, Func<StorageTransaction, BsonDocument> body)
    {
        if (Transaction is not null)
        {
            try
            {
                return body(Reader());
            }
            catch (WriteConflictException)
            {
                throw ServerErrors.WriteConflict();
            }
        }

        if (RetryNumber is not { } number)
        {
            return Store.Autocommit(Deadline, body);
        }

        if (Session!.Statements.TryGetValue(statement, out var known))
        {
            return known;
        }

        // A statement that changed nothing is executed again by a retry, as on the server.
        var wrote = false;
        var result = Store.Autocommit(
            Deadline,
            transaction =>
            {
                var answer = body(transaction);
                wrote = transaction.HasWritten;
                return answer;
            },
            answer => new SessionMark(Session.Id, number, statement, answer));
        if (wrote)
        {
            Session.Statements[statement] = result;
        }

        return result;
    }

    /// <summary>Executes a change of definitions.</summary>
    public void Define(Action<StorageTransaction> body) => Write(0, transaction =>
    {
        body(transaction);
        return [];
    });

    public BsonDocument? Document(string field) => command.GetValue(field, BsonNull.Value) switch
    {
        BsonDocument document => document,
        BsonNull => null,
        var other => throw ServerErrors.WrongType(Name, field, other, "object"),
    };

    public BsonDocument RequiredDocument(string field) => Document(field) ?? throw ServerErrors.Missing(Name, field);

    public BsonArray? Array(string field) => command.GetValue(field, BsonNull.Value) switch
    {
        BsonArray array => array,
        BsonNull => null,
        var other => throw ServerErrors.WrongType(Name, field, other, "array"),
    };

    public BsonArray RequiredArray(string field) => Array(field) ?? throw ServerErrors.Missing(Name, field);

    public bool Flag(string field, bool otherwise = false) => command.GetValue(field, BsonNull.Value) switch
    {
        BsonBoolean flag => flag.Value,
        { IsNumeric: true } number => number.ToDouble() != 0,
        BsonNull => otherwise,
        var other => throw ServerErrors.WrongType(Name, field, other, "bool, long, int, decimal, double"),
    };

    public long? Number(string field) => command.GetValue(field, BsonNull.Value) switch
    {
        { IsNumeric: true } number => number.ToInt64(),
        BsonNull => null,
        var other => throw ServerErrors.WrongType(Name, field, other, "long, int, decimal, double"),
    };

    public long? NonNegative(string field) => Number(field) is not { } number ? null
        : number >= 0 ? number
        : throw new ServerException(51024, "Location51024", $"BSON field '{field}' value must be >= 0, actual value '{number}'");

    public string? Text(string field) => command.GetValue(field, BsonNull.Value) switch
    {
        BsonString text => text.Value,
        BsonNull => null,
        var other => throw ServerErrors.WrongType(Name, field, other, "string"),
    };

    // The server's clock has milliseconds where BSON shows it.
    private static DateTime Truncated(DateTime time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerMillisecond), DateTimeKind.Utc);

    private TimeSpan? MaxTime() => Number("maxTimeMS") switch
    {
        null or 0 => null,
        < 0 or > int.MaxValue => throw ServerErrors.BadValue($"maxTimeMS has to be between 0 and {int.MaxValue}"),
        { } milliseconds when Name == "getMore" => null,
        { } milliseconds => TimeSpan.FromMilliseconds(milliseconds),
    };
}
