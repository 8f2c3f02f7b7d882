using Npgsql;
using Relaybox.Events;
using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>
/// Compares events with the rows that have their ids, by a function that answers yes or no: the app's role reads no rows. It needs
/// a transaction of its own, because a refused insert has ended the one that it was in.
/// </summary>
internal sealed class OutboxComparison(PostgresConnections connections, PostgresOptions options)
{
    private readonly string _compare =
        $"""
        SELECT {new PostgresNames(options).IsSame}(m.event_id, m.subject, m.payload)
        FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS m (event_id, subject, payload, position)
        ORDER BY m.position
        """;

    /// <summary>Compares on a connection of its own.</summary>
    /// <param name="chunks">The events, as many at a time as a statement takes.</param>
    /// <param name="refusal">What the server said when they were inserted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The exception that says what is there.</returns>
    internal async Task<EventIdTakenException> ExplainAsync(
        IReadOnlyList<OutboxEvent[]> chunks, Exception refusal, CancellationToken cancellationToken)
    {
        var events = chunks.Sum(chunk => chunk.Length);
        var same = 0;
        try
        {
            await using var connection = await connections.OpenConnectionAsync(cancellationToken);
            foreach (var chunk in chunks)
            {
                foreach (var (i, answer) in (await CompareAsync(chunk, connection, cancellationToken)).Index())
                {
                    if (answer == false)
                    {
                        return new EventIdConflictException(chunk[i].EventId, refusal);
                    }

                    same += answer == true ? 1 : 0;
                }
            }
        }
        catch (NpgsqlException)
        {
            // The right is missing, or the function, or the connection: then it stays unknown.
            same = 0;
        }

        return EventIdTakenException.Of(chunks[0][0].EventId, events, same, refusal);
    }

    /// <summary>For each event: whether the row of its id says the same; null where there is none.</summary>
    private async Task<IReadOnlyList<bool?>> CompareAsync(OutboxEvent[] events, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_compare, connection);
        command.Parameters.Add(Parameters.Texts([.. events.Select(outboxEvent => outboxEvent.EventId)]));
        command.Parameters.Add(Parameters.Texts([.. events.Select(outboxEvent => outboxEvent.Subject)]));
        command.Parameters.Add(Parameters.Texts([.. events.Select(outboxEvent => outboxEvent.Payload)]));
        var answers = new List<bool?>(events.Length);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            answers.Add(reader.IsDBNull(0) ? null : reader.GetBoolean(0));
        }

        return answers;
    }
}
