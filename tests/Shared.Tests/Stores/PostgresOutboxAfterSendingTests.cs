using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An outbox that moves its sent rows away does what every outbox does.</summary>
public sealed class ArchivingPostgresOutboxRepositoryTests(PostgresServer server) : OutboxRepositoryConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await PostgresOutboxHarness.CreateAsync(server, new PostgresOptions { AfterSending = AfterSending.Archive });
}

/// <summary>An outbox that moves its sent rows away keeps the order of each key; its relays lock rows, as users of least privilege.</summary>
public sealed class ArchivingPostgresOutboxOrderTests(PostgresServer server) : OutboxOrderConformance
{
    private protected override RelayMode Mode => RelayMode.Locked;

    private protected override Task<OutboxHarness> CreateHarnessAsync() => LeastPrivilege.CreateOutboxAsync(server, AfterSending.Archive);
}

/// <summary>An outbox that deletes its sent rows does what every outbox does, but for remembering them.</summary>
public sealed class DeletingPostgresOutboxRepositoryTests(PostgresServer server) : OutboxRepositoryConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await PostgresOutboxHarness.CreateAsync(server, new PostgresOptions { AfterSending = AfterSending.Delete });
}

/// <summary>An outbox that deletes its sent rows keeps the order of each key; its relays lease rows, as users of least privilege.</summary>
public sealed class DeletingPostgresOutboxOrderTests(PostgresServer server) : OutboxOrderConformance
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() => LeastPrivilege.CreateOutboxAsync(server, AfterSending.Delete);
}
