using Microsoft.Extensions.DependencyInjection;
using Relaybox.Inbox;
using Relaybox.Operations;
using Relaybox.Outbox;

namespace Relaybox.Settings;

/// <summary>Adds the doctor, and the checks that neither a store nor a broker brings.</summary>
internal static class DoctorServices
{
    /// <summary>Adds them. Nothing is made before somebody asks for the doctor.</summary>
    /// <param name="services">The services, which have the handlers where this process knows them.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="errors">What is wrong with those that could not be read.</param>
    internal static void AddDoctor(this IServiceCollection services, RelayboxSettings settings, IReadOnlyList<string> errors)
    {
        var knowsHandlers = services.Any(service => service.ServiceType == typeof(HandlerRegistry));
        services.AddSingleton<IDoctorCheck>(new SettingsCheck(settings, errors));
        services.AddSingleton<IDoctorCheck, RelayCheck>();
        services.AddSingleton<IDoctorCheck>(provider => new ParkedCheck(
            provider.GetRequiredService<IOutboxRepository>(),
            provider.GetRequiredService<IOutboxOperations>(),
            settings.Broker?.Consumes == false ? null : provider.GetService<DeadLetterDesk>()));
        services.AddSingleton<IDoctorCheck>(provider => new HandlersCheck(
            provider.GetRequiredService<IOutboxRepository>(),
            provider.GetRequiredService<IOutboxOperations>(),
            knowsHandlers ? provider.GetRequiredService<HandlerRegistry> : null,
            settings.Broker?.Consumes));
        services.AddSingleton<Doctor>();
        services.AddSingleton(provider => new Lazy<Doctor>(provider.GetRequiredService<Doctor>));
    }
}
