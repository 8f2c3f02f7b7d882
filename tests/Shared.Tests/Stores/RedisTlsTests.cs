using System.Net;
using System.Net.Sockets;
using Relaybox.Local.Servers;
using Relaybox.Redis;
using Relaybox.Secrets;
using Relaybox.Testing;
using Relaybox.Testing.Tls;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Who is taken for the server. The tests ask for what is always demanded outside loopback, as <see cref="RedisConnectionTextTests"/>
/// shows: a server that is verified in full.
/// </summary>
public sealed class RedisTlsTests : IDisposable
{
    private const string Host = "127.0.0.1";
    private const string Password = "correct-horse";

    private readonly Certificates _certificates = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_server_by_a_trusted_authority_is_used_over_tls()
    {
        var (server, port) = await StartAsync(_certificates, _certificates.Issue(names: Host));
        await using (server)
        {
            await using var connections = Connections(port, _certificates);
            Assert.True(await connections.UseMultiplexerAsync((multiplexer, _) => Task.FromResult(multiplexer.IsConnected), Ct));
        }
    }

    [Fact]
    public async Task A_server_by_another_authority_is_refused()
    {
        using var others = new Certificates();
        var (server, port) = await StartAsync(others, others.Issue(names: Host));
        await using (server)
        {
            await RefusesAsync(port, _certificates, "its certificate is by an authority that is not trusted");

            // Nor does this machine trust it.
            await RefusesAsync(port, null, "its certificate is by an authority that is not trusted");
        }
    }

    [Fact]
    public async Task A_server_of_another_name_is_refused()
    {
        var (server, port) = await StartAsync(_certificates, _certificates.Issue(names: ["db.example.com", "127.0.0.2"]));
        await using (server)
        {
            await RefusesAsync(port, _certificates, "or is of another name");
        }
    }

    [Fact]
    public async Task A_server_whose_certificate_has_expired_is_refused()
    {
        var (server, port) = await StartAsync(_certificates, _certificates.Issue(expired: true, names: Host));
        await using (server)
        {
            await RefusesAsync(port, _certificates, "has expired");
        }
    }

    [Fact]
    public async Task A_server_without_tls_is_refused_and_learns_nothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var said = new List<byte>();
        var serving = ServeAsync(listener, said);
        await RefusesAsync(((IPEndPoint)listener.LocalEndpoint).Port, _certificates, "it offers no TLS");
        listener.Stop();
        await serving;
        Assert.DoesNotContain(Password, System.Text.Encoding.Latin1.GetString([.. said]), StringComparison.Ordinal);
        Assert.DoesNotContain("AUTH", System.Text.Encoding.Latin1.GetString([.. said]), StringComparison.Ordinal);
        Assert.Equal(22, said[0]);
    }

    [Fact]
    public async Task A_server_that_asks_for_TLS_is_not_mistaken_for_one_that_is_away()
    {
        var (server, port) = await StartAsync(_certificates, _certificates.Issue(names: Host));
        await using (server)
        {
            await using var connections = new RedisConnections(
                new RedisConnectionOptions { Url = $"redis://:{Password}@{Host}:{port}" }, new RedisOptions(), new NoSecrets());
            var refused = await Assert.ThrowsAsync<RedisConnectionException>(() => connections.UseAsync(database => database.PingAsync(), Ct));
            Assert.Contains("asks for TLS", connections.Explain(refused)!.Message, StringComparison.Ordinal);
        }
    }

    private static async Task<(RedisServer Server, int Port)> StartAsync(Certificates authority, ServerCertificate certificate)
    {
        var port = NetworkPorts.Free(1)[0];
        return (
            await RedisServer.StartAsync(
                "--tls-port", $"{port}", "--tls-cert-file", certificate.CertificateFile, "--tls-key-file", certificate.KeyFile, "--tls-ca-cert-file",
                authority.AuthorityFile, "--tls-auth-clients", "no"),
            port);
    }

    private static RedisConnections Connections(int port, Certificates? trusted) => new(
        new RedisConnectionOptions { Url = $"rediss://{Host}:{port}", CertificateAuthorityFile = trusted?.AuthorityFile },
        new RedisOptions(),
        new NoSecrets());

    private static async Task RefusesAsync(int port, Certificates? trusted, string part)
    {
        await using var connections = new RedisConnections(
            new RedisConnectionOptions { Url = $"rediss://:{Password}@{Host}:{port}", CertificateAuthorityFile = trusted?.AuthorityFile },
            new RedisOptions(),
            new NoSecrets());
        var refused = await Assert.ThrowsAsync<RedisConnectionException>(() => connections.UseAsync(database => database.PingAsync(), Ct));

        Assert.Contains(part, connections.Explain(refused)!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, refused.ToString(), StringComparison.Ordinal);
    }

    private static async Task ServeAsync(TcpListener listener, List<byte> said)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(Ct);
                var buffer = new byte[4096];
                var count = await client.GetStream().ReadAsync(buffer, Ct);
                lock (said)
                {
                    said.AddRange(buffer[..count]);
                }

                await client.GetStream().WriteAsync("-ERR Protocol error\r\n"u8.ToArray(), Ct);
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private sealed class NoSecrets : ISecretSource
    {
        public Task<string> GetAsync(string arn, CancellationToken cancellationToken) => throw new InvalidOperationException(arn);
    }
}
