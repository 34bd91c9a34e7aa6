//! Names of people and gyms.
pub(super) const FIRST: [&str; 40] = [
    "Lucía", "Hugo", "Martina", "Mateo", "Sofía", "Leo", "Julia", "Daniel", "Paula", "Alejandro", "Valeria", "Pablo",
    "Emma", "Manuel", "Daniela", "Álvaro", "Carla", "Adrián", "Alba", "David", "Noa", "Mario", "Sara", "Enzo", "Olivia",
    "Diego", "Vega", "Marcos", "Carmen", "Izan", "Lola", "Javier", "Ana", "Nicolás", "Elena", "Gonzalo", "Irene",
    "Bruno", "Claudia", "Iker",
];

pub(super) const LAST: [&str; 40] = [
    "García", "Rodríguez", "González", "Fernández", "López", "Martínez", "Sánchez", "Pérez", "Gómez", "Martín",
    "Jiménez", "Ruiz", "Hernández", "Díaz", "Moreno", "Muñoz", "Álvarez", "Romero", "Alonso", "Gutiérrez", "Navarro",
    "Torres", "Domínguez", "Vázquez", "Ramos", "Gil", "Ramírez", "Serrano", "Blanco", "Molina", "Morales", "Suárez",
    "Ortega", "Delgado", "Castro", "Ortiz", "Rubio", "Marín", "Sanz", "Iglesias",
];

pub(super) const GYMS: [&str; 8] = [
    "CrossFit Malasaña", "Gimnasio Ribera", "Box del Puerto", "Fuerza Norte", "Studio Alameda", "Atlas Barcelona",
    "Pulso Fitness", "La Nave",
];

pub(super) const ZONES: [&str; 4] = ["Europe/Madrid", "America/Mexico_City", "Atlantic/Canary", "America/Bogota"];

pub(super) const BIOS: [&str; 4] = [
    "Corro por las mañanas.",
    "Preparando mi primera media maratón.",
    "Vuelvo a entrenar después de una lesión de rodilla.",
    "Fuerza tres días por semana.",
];
