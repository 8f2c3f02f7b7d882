using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>One multiplexer, which is connected when somebody first asks for it.</summary>
internal sealed class RedisSource : IAsyncDisposable
{
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(3);

    private readonly ConfigurationOptions? _configuration;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile IConnectionMultiplexer? _multiplexer;
    private volatile bool _isToBeChecked;
    private volatile bool _isDisposed;

    internal RedisSource(ConfigurationOptions configuration) => _configuration = configuration;

    /// <summary>The caller's, who disposes it.</summary>
    internal RedisSource(IConnectionMultiplexer multiplexer) => _multiplexer = multiplexer;

    /// <summary>Whether it is disposed here.</summary>
    internal bool IsOwned => _configuration is not null;

    /// <summary>Null as long as nobody has asked for it.</summary>
    internal IConnectionMultiplexer? Current => _multiplexer;

    /// <exception cref="RedisConnectionException">The server cannot be reached, or refuses the credentials.</exception>
    /// <exception cref="RedisServerRefusedException">The server is not one for the store.</exception>
    /// <exception cref="ObjectDisposedException">It has been thrown away.</exception>
    internal async ValueTask<IConnectionMultiplexer> GetAsync(CancellationToken cancellationToken)
    {
        if (_multiplexer is { } connected && !_isToBeChecked)
        {
            return connected;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_multiplexer is { } restored)
            {
                if (_isToBeChecked)
                {
                    await CheckAsync(restored);
                    _isToBeChecked = false;
                }

                return restored;
            }

            var multiplexer = await ConnectAsync(_configuration!, cancellationToken);

            // The client may come to another server, or to the same one as another user.
            multiplexer.ConnectionRestored += (_, _) => _isToBeChecked = true;
            return _multiplexer = multiplexer;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Whether a primary is connected. Where none is, the client itself may never find the next one, or the next password.</summary>
    internal bool HasPrimary() =>
        _multiplexer is { } multiplexer && multiplexer.GetServers().Any(server => server is { IsConnected: true, IsReplica: false });

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        if (IsOwned && _multiplexer is { } multiplexer)
        {
            await multiplexer.DisposeAsync();
        }
    }

    private async Task<ConnectionMultiplexer> ConnectAsync(ConfigurationOptions configuration, CancellationToken cancellationToken)
    {
        var connecting = ConnectionMultiplexer.ConnectAsync(configuration);
        ConnectionMultiplexer multiplexer;
        try
        {
            multiplexer = await connecting.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _ = DisposeLateAsync(connecting);
            throw;
        }
        catch (RedisConnectionException e) when (!RedisFaults.IsRefusal(e))
        {
            throw new RedisConnectionException(e.FailureType, CommandFlags.None, e.Message, await WhyAsync(configuration, cancellationToken));
        }

        try
        {
            await CheckAsync(multiplexer);
            return multiplexer;
        }
        catch
        {
            await multiplexer.DisposeAsync();
            throw;
        }
    }

    private async Task CheckAsync(IConnectionMultiplexer multiplexer)
    {
        await RequireUserAsync(multiplexer, _configuration!.User ?? "default");
        await RedisServerCheck.RunAsync(multiplexer);
    }

    // Where the server's default user needs no password, the client goes on as that one when its own user is refused.
    private static async Task RequireUserAsync(IConnectionMultiplexer multiplexer, string user)
    {
        foreach (var server in multiplexer.GetServers().Where(server => server.IsConnected))
        {
            try
            {
                if ((string?)await server.ExecuteAsync("ACL", "WHOAMI") is { } actual && actual != user)
                {
                    throw new RedisConnectionException(
                        ConnectionFailureType.AuthenticationFailure,
                        CommandFlags.None,
                        "The server did not take the user.",
                        new RedisServerException(RedisErrorKind.WrongPass, CommandFlags.None, "WRONGPASS The connection is another user's."));
                }
            }
            catch (RedisServerException e) when (e.Kind is RedisErrorKind.NoPermission or RedisErrorKind.UnknownCommand)
            {
                // Then it is a user with rights of its own, or a server with other ways.
            }
        }
    }

    private static async Task DisposeLateAsync(Task<ConnectionMultiplexer> connecting)
    {
        await ((Task)connecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        if (connecting.IsCompletedSuccessfully)
        {
            await (await connecting).DisposeAsync();
        }
    }

    // The client does not say why it could not connect. It is tried once more to find out: nothing is sent but the greeting of TLS.
    private static async Task<Exception?> WhyAsync(ConfigurationOptions configuration, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ProbePatience);
        try
        {
            var (host, port) = configuration.EndPoints[0] switch
            {
                DnsEndPoint dns => (dns.Host, dns.Port),
                IPEndPoint ip => (ip.Address.ToString(), ip.Port),
                _ => ("", 0),
            };
            using var client = new TcpClient();
            await client.ConnectAsync(host, port, patience.Token);
            if (configuration.Ssl)
            {
                // The client's callback is not for anybody to read: whether the file is the right one it has said itself.
                await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, errors) =>
                    (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == 0);
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host }, patience.Token);
                return new AuthenticationException("The certificate was not taken.");
            }

            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new TimeoutException("There was no answer.");
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException)
        {
            return e;
        }
    }
}
