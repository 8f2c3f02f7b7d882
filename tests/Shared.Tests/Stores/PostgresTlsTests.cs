using Npgsql;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Who is taken for the database. The tests ask for what is always demanded outside loopback, as
/// <see cref="PostgresConnectionTests"/> shows: a server that is verified in full.
/// </summary>
public sealed class PostgresTlsTests(PostgresServer plain) : TlsConformance
{
    [Fact]
    public async Task A_server_without_tls_is_refused() => await RefusesAsync(plain.Port, null, "it offers no TLS");

    [Fact]
    public async Task Who_strips_tls_learns_nothing()
    {
        await using var middleman = new StrippingServer();

        await RefusesAsync(middleman.Port, Trusted, "it offers no TLS");

        Assert.True(middleman.SslRequests > 0);
        Assert.Empty(middleman.Plain);
    }

    private protected override async Task<TlsServer> StartAsync(Certificates authority, ServerCertificate certificate)
    {
        var server = await PostgresServer.StartAsync(Password, certificate);
        return new(server, server.Port);
    }

    private protected override async Task AssertIsUsedOverTlsAsync(int port)
    {
        await using var connections = Connections(port, Trusted);
        await using var connection = await connections.OpenConnectionAsync(Ct);
        await using var command = new NpgsqlCommand("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", connection);
        Assert.Equal(true, await command.ExecuteScalarAsync(Ct));
    }

    private protected override async Task<(Exception Refused, Exception? Explained)> FailAsync(int port, Certificates? trusted)
    {
        await using var connections = Connections(port, trusted);
        var refused = await Assert.ThrowsAsync<NpgsqlException>(async () => await connections.OpenConnectionAsync(Ct));
        return (refused, connections.Explain(refused));
    }

    private static PostgresConnections Connections(int port, Certificates? trusted) => new(
        new PostgresConnectionOptions
        {
            Url = $"postgres://postgres:{Password}@{Host}:{port}/postgres?sslmode=verify-full",
            CertificateAuthorityFile = trusted?.AuthorityFile,
        },
        new NoSecrets());
}
