using System.Security.Authentication;
using Npgsql;
using Relaybox.Postgres;
using Relaybox.Secrets;
using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Who is taken for the database. The tests ask for what is always demanded outside loopback, as
/// <see cref="PostgresConnectionTests"/> shows: a server that is verified in full.
/// </summary>
public sealed class PostgresTlsTests(PostgresServer plain) : IDisposable
{
    private const string Host = "127.0.0.1";
    private const string Password = "correct-horse";

    private readonly Certificates _certificates = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_server_by_a_trusted_authority_is_used_over_tls()
    {
        await using var server = await PostgresServer.StartAsync(Password, _certificates.Issue(names: Host));
        await using var connections = Connections(server.Port, _certificates);
        await using var connection = await connections.OpenConnectionAsync(Ct);
        await using var command = new NpgsqlCommand("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", connection);

        Assert.Equal(true, await command.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task A_server_by_another_authority_is_refused()
    {
        using var others = new Certificates();
        await using var server = await PostgresServer.StartAsync(Password, others.Issue(names: Host));

        await RefusesAsync<AuthenticationException>(server.Port, _certificates);

        // Nor does this machine trust it.
        await RefusesAsync<AuthenticationException>(server.Port, null);
    }

    [Fact]
    public async Task A_server_of_another_name_is_refused()
    {
        await using var server = await PostgresServer.StartAsync(Password, _certificates.Issue(names: ["db.example.com", "127.0.0.2"]));

        await RefusesAsync<AuthenticationException>(server.Port, _certificates);
    }

    [Fact]
    public async Task A_server_whose_certificate_has_expired_is_refused()
    {
        await using var server = await PostgresServer.StartAsync(Password, _certificates.Issue(expired: true, names: Host));

        await RefusesAsync<AuthenticationException>(server.Port, _certificates);
    }

    [Fact]
    public async Task A_server_without_tls_is_refused() => await RefusesAsync<NpgsqlException>(plain.Port, null);

    [Fact]
    public async Task Who_strips_tls_learns_nothing()
    {
        await using var middleman = new StrippingServer();

        await RefusesAsync<NpgsqlException>(middleman.Port, _certificates);

        Assert.True(middleman.SslRequests > 0);
        Assert.Empty(middleman.Plain);
    }

    private static PostgresConnections Connections(int port, Certificates? trusted) => new(
        new PostgresConnectionOptions
        {
            Url = $"postgres://postgres:{Password}@{Host}:{port}/postgres?sslmode=verify-full",
            CertificateAuthorityFile = trusted?.AuthorityFile,
        },
        new NoSecrets());

    private static async Task RefusesAsync<TReason>(int port, Certificates? trusted)
        where TReason : Exception
    {
        await using var connections = Connections(port, trusted);
        var refused = await Assert.ThrowsAsync<NpgsqlException>(async () => await connections.OpenConnectionAsync(Ct));

        Assert.True(refused.InnerException is TReason || refused is TReason, refused.ToString());
        Assert.Contains("SSL", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, refused.ToString(), StringComparison.Ordinal);
    }

    private sealed class NoSecrets : ISecretSource
    {
        public Task<string> GetAsync(string arn, CancellationToken cancellationToken) => throw new InvalidOperationException(arn);
    }
}
