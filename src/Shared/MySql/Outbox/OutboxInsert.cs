using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Relaybox.Events;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>Writes new rows in somebody's transaction. It needs no right but INSERT, and an id that is taken fails it.</summary>
internal sealed class OutboxInsert(MySqlOptions options)
{
    // A statement of many rows is no faster when it is larger than this.
    private const int BytesPerStatement = 4 * 1024 * 1024;

    // The brackets, commas and times of a row.
    private const int SizeOfTimes = 256;

    private readonly MySqlNames _names = new(options);

    /// <summary>The most bytes of a statement without its rows.</summary>
    internal int SizeWithoutRows => Begin.Length + StatementSize.Envelope;

    /// <summary>Tells why the server has refused the insert.</summary>
    internal OutboxRefusal Refusal { get; } = new(options);

    private string Begin =>
        $"INSERT INTO {_names.Outbox} (event_id, subject, payload, headers, ordering_key, result, enqueued_at, available_at) VALUES ";

    /// <summary>The most bytes that the row of an event adds to a statement.</summary>
    internal long SizeOf(OutboxEvent outboxEvent) =>
        StatementSize.Of(outboxEvent.EventId) + StatementSize.Of(outboxEvent.Subject) + StatementSize.Of(outboxEvent.Payload)
        + StatementSize.Of(HeadersText.Write(outboxEvent.Headers)) + StatementSize.Of(outboxEvent.OrderingKey)
        + StatementSize.Of(outboxEvent.Result) + (2 * _names.Now.Length) + SizeOfTimes;

    /// <summary>Splits events into what one statement writes.</summary>
    /// <param name="events">The events, as they are ordered.</param>
    /// <param name="limit">The most bytes of a statement; no event needs more.</param>
    internal List<OutboxEvent[]> Split(IReadOnlyList<OutboxEvent> events, long limit) =>
        OutboxChunks.Of(events, SizeOf, Math.Min(BytesPerStatement, limit - SizeWithoutRows));

    /// <summary>Makes a command of any ADO.NET provider the insert of events, as they are ordered.</summary>
    /// <param name="command">The command, without text and parameters.</param>
    /// <param name="events">The events; each keeps the row contract.</param>
    internal void Fill(DbCommand command, IReadOnlyList<OutboxEvent> events)
    {
        var sql = new StringBuilder(Begin);
        foreach (var (i, outboxEvent) in events.Index())
        {
            sql.Append(i == 0 ? "" : ", ").Append(CultureInfo.InvariantCulture,
                $"(@id{i}, @s{i}, @p{i}, @h{i}, @k{i}, @r{i}, COALESCE(@e{i}, {_names.Now}), COALESCE(@a{i}, @e{i}, {_names.Now}))");
            Add("id", DbType.Binary, Encoding.UTF8.GetBytes(outboxEvent.EventId));
            Add("s", DbType.String, outboxEvent.Subject);
            Add("p", DbType.String, outboxEvent.Payload);
            Add("h", DbType.String, HeadersText.Write(outboxEvent.Headers));
            Add("k", DbType.Binary, outboxEvent.OrderingKey is { } key ? Encoding.UTF8.GetBytes(key) : null);
            Add("r", DbType.String, outboxEvent.Result);
            Add("e", DbType.DateTime, outboxEvent.EnqueuedAt?.UtcDateTime);
            Add("a", DbType.DateTime, outboxEvent.AvailableAt?.UtcDateTime);

            void Add(string name, DbType type, object? value)
            {
                var parameter = command.CreateParameter();
                parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"@{name}{i}");
                parameter.DbType = type;
                parameter.Value = value ?? DBNull.Value;
                command.Parameters.Add(parameter);
            }
        }

        command.CommandText = sql.ToString();
    }

    /// <summary>Makes a command the call that takes the locks of keys.</summary>
    /// <param name="command">The command, without text and parameters.</param>
    /// <param name="keys">The keys; see <see cref="KeyLocks"/>.</param>
    internal void FillLock(DbCommand command, IReadOnlyList<string> keys)
    {
        command.CommandText = $"CALL {_names.LockKeys}(@keys)";
        var parameter = command.CreateParameter();
        parameter.ParameterName = "@keys";
        parameter.DbType = DbType.String;
        var texts = keys.Select(key => $"\"{JsonEncodedText.Encode(key, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"");
        parameter.Value = $"[{string.Join(',', texts)}]";
        command.Parameters.Add(parameter);
    }
}
