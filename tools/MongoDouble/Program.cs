using Relaybox.MongoDouble;
using Relaybox.MongoDouble.Commands;
using Relaybox.MongoDouble.Wire;

ServerOptions options;
try
{
    options = ServerOptions.Parse(args);
}
catch (ArgumentException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 2;
}

using var stop = new CancellationTokenSource();
using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(
    System.Runtime.InteropServices.PosixSignal.SIGTERM,
    context =>
    {
        context.Cancel = true;
        stop.Cancel();
    });
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

var server = new DoubleServer(options, TimeProvider.System);
using var maintenance = new Maintenance(server);
await new Listener(options, new Dispatcher(server)).RunAsync(stop.Token);
server.Store.Close();
return 0;
