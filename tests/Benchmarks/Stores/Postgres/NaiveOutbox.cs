using Relaybox.Benchmarks.Stores.Sql;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>The naive loop on PostgreSQL.</summary>
internal sealed class NaiveOutbox(BenchDatabase database, string schema) : SqlNaiveLoop(database, schema)
{
    public override Task CreateAsync(CancellationToken cancellationToken) => database.ExecuteAsync(
        $"""
        CREATE SCHEMA {Schema};
        CREATE TABLE {Table} (
            event_id varchar(255) PRIMARY KEY,
            subject varchar(500) NOT NULL,
            payload text NOT NULL,
            headers text,
            status varchar(50) NOT NULL DEFAULT 'pending',
            enqueued_at timestamp NOT NULL DEFAULT now(),
            sent_at timestamp,
            error_message text,
            created_at timestamp NOT NULL DEFAULT now(),
            updated_at timestamp NOT NULL DEFAULT now()
        );
        CREATE INDEX ON {Table} (status, enqueued_at);
        CREATE INDEX ON {Table} (sent_at) WHERE sent_at IS NOT NULL;
        """,
        cancellationToken);
}
