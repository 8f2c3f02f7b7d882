using System.Net.Sockets;
using Relaybox.Local.Servers;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Testing.Tls;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Who is taken for the server. The tests ask for what is always demanded outside loopback, as <see cref="RedisConnectionTextTests"/>
/// shows: a server that is verified in full.
/// </summary>
public sealed class RedisTlsTests : TlsConformance
{
    [Fact]
    public async Task A_server_without_tls_is_refused_and_learns_nothing()
    {
        var said = new List<byte>();
        await using (var server = new LoopbackListener((client, ct) => ServeAsync(client.GetStream(), said, ct)))
        {
            await RefusesAsync(server.Port, Trusted, "it offers no TLS");
        }

        Assert.DoesNotContain(Password, System.Text.Encoding.Latin1.GetString([.. said]), StringComparison.Ordinal);
        Assert.DoesNotContain("AUTH", System.Text.Encoding.Latin1.GetString([.. said]), StringComparison.Ordinal);
        Assert.Equal(22, said[0]);
    }

    [Fact]
    public async Task A_server_that_asks_for_TLS_is_not_mistaken_for_one_that_is_away()
    {
        await using var server = await StartAsync(Trusted, Trusted.Issue(names: Host));
        await RefusesAsync(() => FailAsync("redis", server.Port, null), "asks for TLS");
    }

    private protected override async Task<TlsServer> StartAsync(Certificates authority, ServerCertificate certificate)
    {
        var port = NetworkPorts.Free(1)[0];
        return new(
            await RedisServer.StartAsync(
                "--tls-port", $"{port}", "--tls-cert-file", certificate.CertificateFile, "--tls-key-file", certificate.KeyFile, "--tls-ca-cert-file",
                authority.AuthorityFile, "--tls-auth-clients", "no"),
            port);
    }

    private protected override async Task AssertIsUsedOverTlsAsync(int port)
    {
        await using var connections = Connections($"rediss://{Host}:{port}", Trusted);
        Assert.True(await connections.UseMultiplexerAsync((multiplexer, _) => Task.FromResult(multiplexer.IsConnected), Ct));
    }

    private protected override Task<(Exception Refused, Exception? Explained)> FailAsync(int port, Certificates? trusted) =>
        FailAsync("rediss", port, trusted);

    private static async Task<(Exception Refused, Exception? Explained)> FailAsync(string scheme, int port, Certificates? trusted)
    {
        await using var connections = Connections($"{scheme}://:{Password}@{Host}:{port}", trusted);
        var refused = await Assert.ThrowsAsync<RedisConnectionException>(() => connections.UseAsync(database => database.PingAsync(), Ct));
        return (refused, connections.Explain(refused));
    }

    private static RedisConnections Connections(string url, Certificates? trusted) => new(
        new RedisConnectionOptions { Url = url, CertificateAuthorityFile = trusted?.AuthorityFile }, new RedisOptions(), new NoSecrets());

    private static async Task ServeAsync(NetworkStream stream, List<byte> said, CancellationToken stop)
    {
        var buffer = new byte[4096];
        var count = await stream.ReadAsync(buffer, stop);
        lock (said)
        {
            said.AddRange(buffer[..count]);
        }

        await stream.WriteAsync("-ERR Protocol error\r\n"u8.ToArray(), stop);
    }
}
