using System.Data;
using MySqlConnector;
using Relaybox.Events;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>What a handler's transaction writes before the mark: the statements that the handler has enlisted, and its events.</summary>
/// <param name="enlisted">The handler's statements, in its order.</param>
/// <param name="events">The events that the handler has emitted.</param>
/// <param name="outbox">Writes them.</param>
internal sealed class HandlerWrites(IEnumerable<MySqlBatchCommand> enlisted, IReadOnlyList<OutboxEvent> events, OutboxInsert outbox)
{
    private readonly MySqlBatchCommand[] _enlisted = [.. enlisted];

    /// <summary>The most bytes of what cannot be sent apart: the largest event.</summary>
    internal long Largest => events.Count == 0 ? 0 : events.Max(outbox.SizeOf) + outbox.SizeWithoutRows;

    /// <summary>
    /// Whether the COMMIT may be sent in one batch with the statements. The driver begins a new message after a statement in which a
    /// quotation or a comment is not closed, and sends the rest of the batch although the server has refused the first part: the rest must
    /// not commit.
    /// </summary>
    internal bool CanBeSentWithCommit => Array.TrueForAll(_enlisted, static command =>
        command.CommandType == CommandType.Text && IsClosed(command.CommandText));

    /// <summary>
    /// The statements as messages to the server, as few as possible. Each is sent when the one before it has succeeded, so that the last
    /// one, which commits, is not reached otherwise.
    /// </summary>
    /// <param name="begin">The first statement.</param>
    /// <param name="end">The statements after the writes, which commit.</param>
    /// <param name="limit">The most bytes of a message.</param>
    internal List<List<MySqlBatchCommand>> ToMessages(MySqlBatchCommand begin, IReadOnlyList<MySqlBatchCommand> end, long limit)
    {
        var messages = new List<List<MySqlBatchCommand>> { new() { begin } };
        var room = limit - StatementSize.Envelope - StatementSize.Of(begin);
        foreach (var (command, size) in _enlisted.Select(command => (command, StatementSize.Of(command))).Concat(EventWrites(limit)))
        {
            Add([command], size, mayJoin: true);
        }

        Add(end, end.Sum(StatementSize.Of), CanBeSentWithCommit);
        return messages;

        void Add(IEnumerable<MySqlBatchCommand> commands, long size, bool mayJoin)
        {
            if (!mayJoin || size > room)
            {
                messages.Add([]);
                room = limit - StatementSize.Envelope;
            }

            messages[^1].AddRange(commands);
            room -= size;
        }
    }

    /// <summary>Whether every quotation in a text is closed. Of a text with comments or backslashes this is not known: false.</summary>
    internal static bool IsClosed(string text)
    {
        if (text.AsSpan().ContainsAny('\\', '#') || text.Contains("--", StringComparison.Ordinal) || text.Contains("/*", StringComparison.Ordinal))
        {
            return false;
        }

        // A quotation mark that is doubled ends a quotation and begins the next.
        char? open = null;
        foreach (var character in text)
        {
            if (open is null ? character is '\'' or '"' or '`' : character == open)
            {
                open = open is null ? character : null;
            }
        }

        return open is null;
    }

    private IEnumerable<(MySqlBatchCommand Command, long Size)> EventWrites(long limit)
    {
        foreach (var keys in KeyLocks.Of(events))
        {
            using var locks = new MySqlCommand();
            outbox.FillLock(locks, keys);
            var command = ForBatch(locks);
            yield return (command, StatementSize.Of(command));
        }

        foreach (var chunk in outbox.Split(OutboxChunks.InKeyOrder(events), limit))
        {
            using var insert = new MySqlCommand();
            outbox.Fill(insert, chunk);
            yield return (ForBatch(insert), chunk.Sum(outbox.SizeOf) + outbox.SizeWithoutRows);
        }
    }

    private static MySqlBatchCommand ForBatch(MySqlCommand command)
    {
        var one = new MySqlBatchCommand(command.CommandText);
        foreach (MySqlParameter parameter in command.Parameters)
        {
            one.Parameters.Add(parameter.Clone());
        }

        return one;
    }
}
