using Npgsql;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>What handlers write: one row for each message. A peer's handlers write to a table of the same shape and name.</summary>
internal sealed class EffectsTable(BenchDatabase database)
{
    /// <summary>Inserts the effect of one message.</summary>
    public const string InsertSql = $"INSERT INTO {Name} (message_id) VALUES ($1)";

    /// <summary>Inserts the effects of several messages.</summary>
    public const string InsertManySql = $"INSERT INTO {Name} (message_id) SELECT unnest($1)";

    private const string Name = "bench_effects";

    /// <summary>The parameter of <see cref="InsertSql"/>.</summary>
    public static NpgsqlParameter IdOf(string messageId) => new NpgsqlParameter<string> { TypedValue = messageId };

    public Task CreateAsync(CancellationToken cancellationToken) => database.ExecuteAsync(
        $"CREATE TABLE IF NOT EXISTS {Name} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, message_id text NOT NULL)", cancellationToken);

    public Task EmptyAsync(CancellationToken cancellationToken) => database.ExecuteAsync($"TRUNCATE TABLE {Name}", cancellationToken);

    /// <summary>Fails if not each of so many messages had one effect.</summary>
    /// <exception cref="InvalidOperationException">Some had none, or more than one.</exception>
    public async Task CheckAsync(long messages, CancellationToken cancellationToken)
    {
        var effects = await database.ScalarAsync<long>($"SELECT count(*) FROM {Name}", cancellationToken);
        var handled = await database.ScalarAsync<long>($"SELECT count(DISTINCT message_id) FROM {Name}", cancellationToken);
        if (effects != messages || handled != messages)
        {
            throw new InvalidOperationException($"{messages} messages had {effects} effects, of {handled} messages.");
        }
    }
}
