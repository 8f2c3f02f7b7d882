using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.MongoDb;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Who is taken for the database. The tests ask for what is always demanded outside loopback, as
/// <see cref="MongoConnectionTextTests"/> shows: TLS, and a server that is verified in full.
/// </summary>
public sealed class MongoTlsTests(MongoDbServer plain) : TlsConformance
{
    // How long the driver waits for a server that it can use.
    private TimeSpan _patience = TimeSpan.FromMilliseconds(500);

    [Fact]
    public async Task A_server_without_tls_is_refused_with_what_to_switch_on() => await RefusesAsync(
        plain.Client.Settings.Server.Port, Trusted, "breaks the handshake off (TLS): it offers no TLS");

    [Fact]
    public async Task A_client_without_tls_at_a_server_that_demands_it_is_told_to_say_so()
    {
        await using var server = await StartAsync(Trusted, Trusted.Issue(names: Host));
        await RefusesAsync(() => FailAsync(server.Port, null, tls: false), "closes connections before it answers: it asks for TLS");
    }

    private protected override async Task<TlsServer> StartAsync(Certificates authority, ServerCertificate certificate)
    {
        var both = Path.ChangeExtension(certificate.CertificateFile, ".both.pem");
        await File.WriteAllTextAsync(
            both, await File.ReadAllTextAsync(certificate.CertificateFile, Ct) + "\n" + await File.ReadAllTextAsync(certificate.KeyFile, Ct), Ct);
        var server = await MongoDbServer.StartAsync(new MongoServerOptions { CertificateKeyFile = both });
        return new(server, server.Port);
    }

    private protected override async Task AssertIsUsedOverTlsAsync(int port)
    {
        using var connections = Connections(port, Trusted, user: "");
        Assert.False(await FindAsync(connections));
    }

    private protected override Task<(Exception Refused, Exception? Explained)> FailAsync(int port, Certificates? trusted) =>
        FailAsync(port, trusted, tls: true);

    private async Task<(Exception Refused, Exception? Explained)> FailAsync(int port, Certificates? trusted, bool tls)
    {
        using var connections = Connections(port, trusted, tls: tls, selectionTimeout: _patience);
        _patience *= 2;
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => FindAsync(connections));
        var explained = connections.Explain(refused);
        Assert.Contains($"'shop' at {Host}:{port}", explained?.Message, StringComparison.Ordinal);
        return (refused, explained);
    }

    private static MongoConnections Connections(
        int port, Certificates? trusted, string user = $"u:{Password}@", bool tls = true, TimeSpan? selectionTimeout = null) => new(
        new MongoConnectionOptions
        {
            Uri = $"mongodb://{user}{Host}:{port}/shop?tls={(tls ? "true" : "false")}&directConnection=true",
            CertificateAuthorityFile = trusted?.AuthorityFile,
            SelectionTimeout = selectionTimeout ?? TimeSpan.FromSeconds(8),
        },
        new MongoOptions(),
        new NoSecrets());

    private static Task<bool> FindAsync(MongoConnections connections) => connections.UseUncheckedAsync(
        (database, ct) => database.Outbox.Find(new BsonDocument()).AnyAsync(ct), Ct);
}
