using Relaybox.MySql;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The MySQL outbox does what every outbox does.</summary>
public class MySqlOutboxRepositoryTests(MySqlServer server) : OutboxRepositoryConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await MySqlOutboxHarness.CreateAsync(server);
}

/// <summary>The MySQL outbox that deletes what was sent does what every outbox does.</summary>
public sealed class DeletingMySqlOutboxRepositoryTests(MySqlServer server) : OutboxRepositoryConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await MySqlOutboxHarness.CreateAsync(server, new MySqlOptions { AfterSending = AfterSending.Delete });
}

/// <summary>The MySQL outbox keeps the order of each key.</summary>
public class MySqlOutboxOrderTests(MySqlServer server) : OutboxOrderConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await MySqlOutboxHarness.CreateAsync(server);
}

/// <summary>The MySQL outbox that deletes what was sent keeps the order of each key.</summary>
public sealed class DeletingMySqlOutboxOrderTests(MySqlServer server) : OutboxOrderConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await MySqlOutboxHarness.CreateAsync(server, new MySqlOptions { AfterSending = AfterSending.Delete });
}

/// <summary>Relays that lock rows keep the order of each key.</summary>
public sealed class LockedMySqlOutboxOrderTests(MySqlServer server) : MySqlOutboxOrderTests(server)
{
    private protected override RelayMode Mode => RelayMode.Locked;
}

/// <summary>Relays that lock rows and delete them keep the order of each key.</summary>
public sealed class LockedDeletingMySqlOutboxOrderTests(MySqlServer server) : OutboxOrderConformance
{
    private protected override RelayMode Mode => RelayMode.Locked;

    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await MySqlOutboxHarness.CreateAsync(server, new MySqlOptions { AfterSending = AfterSending.Delete });
}
