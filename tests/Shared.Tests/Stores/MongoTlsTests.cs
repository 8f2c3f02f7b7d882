using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.MongoDb;
using Relaybox.Secrets;
using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Who is taken for the database. The tests ask for what is always demanded outside loopback, as
/// <see cref="MongoConnectionTextTests"/> shows: TLS, and a server that is verified in full.
/// </summary>
public sealed class MongoTlsTests(MongoDbServer plain) : IDisposable
{
    private const string Host = "127.0.0.1";
    private const string Password = "correct-horse";
    private const string NotVerified = "could not be verified (TLS)";

    private readonly Certificates _certificates = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_server_by_a_trusted_authority_is_used_over_tls()
    {
        await using var server = await StartAsync(_certificates, names: Host);
        using var connections = Connections(server.Port, _certificates, user: "");
        Assert.False(await FindAsync(connections));
    }

    [Fact]
    public async Task A_server_by_another_authority_is_refused()
    {
        using var others = new Certificates();
        await using var server = await StartAsync(others, names: Host);
        await RefusesAsync(server.Port, _certificates, NotVerified);

        // Nor does this machine trust it.
        await RefusesAsync(server.Port, null, NotVerified);
    }

    [Fact]
    public async Task A_server_of_another_name_is_refused()
    {
        await using var server = await StartAsync(_certificates, names: ["db.example.com", "127.0.0.2"]);
        await RefusesAsync(server.Port, _certificates, NotVerified);
    }

    [Fact]
    public async Task A_server_whose_certificate_has_expired_is_refused()
    {
        await using var server = await StartAsync(_certificates, expired: true, Host);
        await RefusesAsync(server.Port, _certificates, NotVerified);
    }

    [Fact]
    public async Task A_server_without_tls_is_refused_with_what_to_switch_on() => await RefusesAsync(
        plain.Client.Settings.Server.Port, _certificates, "breaks the handshake off (TLS): it offers no TLS");

    [Fact]
    public async Task A_client_without_tls_at_a_server_that_demands_it_is_told_to_say_so()
    {
        await using var server = await StartAsync(_certificates, names: Host);
        await RefusesAsync(server.Port, null, "closes connections before it answers: it asks for TLS", tls: false);
    }

    private static async Task<MongoDbServer> StartAsync(Certificates authority, bool expired = false, params string[] names)
    {
        var certificate = authority.Issue(expired, names);
        var both = Path.ChangeExtension(certificate.CertificateFile, ".both.pem");
        await File.WriteAllTextAsync(
            both, await File.ReadAllTextAsync(certificate.CertificateFile, Ct) + "\n" + await File.ReadAllTextAsync(certificate.KeyFile, Ct), Ct);
        return await MongoDbServer.StartAsync(new MongoServerOptions { CertificateKeyFile = both });
    }

    private static MongoConnections Connections(int port, Certificates? trusted, string user = $"u:{Password}@", bool tls = true) => new(
        new MongoConnectionOptions
        {
            Uri = $"mongodb://{user}{Host}:{port}/shop?tls={(tls ? "true" : "false")}&directConnection=true",
            CertificateAuthorityFile = trusted?.AuthorityFile,
        },
        new MongoOptions(),
        new NoSecrets());

    private static Task<bool> FindAsync(MongoConnections connections) => connections.UseUncheckedAsync(
        (database, ct) => database.Outbox.Find(new BsonDocument()).AnyAsync(ct), Ct);

    private static async Task RefusesAsync(int port, Certificates? trusted, string part, bool tls = true)
    {
        using var connections = Connections(port, trusted, tls: tls);
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => FindAsync(connections));
        var explained = connections.Explain(refused);
        Assert.True(explained is not null, $"{refused}");
        Assert.True(explained.Message.Contains(part, StringComparison.Ordinal), $"{explained.Message}\n{refused}");
        Assert.Contains($"'shop' at {Host}:{port}", explained.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, explained.ToString(), StringComparison.Ordinal);
    }

    private sealed class NoSecrets : ISecretSource
    {
        public Task<string> GetAsync(string arn, CancellationToken cancellationToken) => throw new InvalidOperationException(arn);
    }
}
